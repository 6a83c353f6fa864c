//! The known word nearest to an unknown one: fewest inserted, removed, replaced or swapped neighbouring characters
//! (restricted Damerau-Levenshtein distance).

/// The word of `known` nearest to `word`, unless every one is further away than a typing error: a third of the longer
/// word's characters, at least one.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let distances = known.iter().map(|&candidate| {
        let letters: Vec<char> = candidate.chars().collect();
        (distance(&word, &letters), (word.len().max(letters.len()) / 3).max(1), candidate)
    });
    distances.filter(|(distance, limit, _)| distance <= limit).min_by_key(|(distance, ..)| *distance).map(|best| best.2)
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, &left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &right) in b.iter().enumerate() {
            let mut least = (previous[j] + usize::from(left != right)).min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left == b[j - 1] && a[i - 1] == right {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_definition() {
        let of = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(of("", ""), 0);
        assert_eq!(of("abc", ""), 3);
        assert_eq!(of("kitten", "sitting"), 3);
        assert_eq!(of("budget", "bugdet"), 1);
        assert_eq!(of("ca", "abc"), 3); // restricted: no edit inside a swapped pair
    }

    #[test]
    fn a_typing_error_finds_its_word_and_nonsense_none() {
        let known = ["line", "edge", "debounce_us", "chip"];
        assert_eq!(nearest("lin", &known), Some("line"));
        assert_eq!(nearest("Edge", &known), Some("edge"));
        assert_eq!(nearest("debounce_ms", &known), Some("debounce_us"));
        assert_eq!(nearest("qqqq", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(nearest("line", &[]), None);
    }
}
