//! One image and how it was judged, as a figure: its pictures side by side over what is said of it.
//!
//! A tile is a picture of a few hundred pixels, shown pixel by pixel. Nothing here knows where pictures come from.

use maud::{Markup, html};
use shared::image::Size;

/// What a panel says beside its pictures.
#[derive(Clone, Debug)]
pub struct Caption {
    /// The id of the element, unique in the page.
    pub id: String,
    /// The file, as the reader knows it.
    pub title: String,
    /// What became of it, in a word.
    pub verdict: &'static str,
    /// Further remarks, in the order given.
    pub remarks: Vec<String>,
}

/// One picture of a panel.
#[derive(Clone, Debug)]
pub struct Tile {
    /// What it is called.
    pub name: &'static str,
    /// What it shows, for those who cannot see it.
    pub alt: String,
    /// The image, as a `data:` URI.
    pub uri: String,
    /// Its size in pixels.
    pub size: Size,
    /// A pixel to point at: column and row.
    pub peak: Option<(u16, u16)>,
}

/// The figure.
pub fn panel(caption: &Caption, tiles: &[Tile]) -> Markup {
    html! {
        figure.panel id=(caption.id) {
            figcaption {
                strong.file { bdi { (caption.title) } }
                span.verdict { (caption.verdict) }
                @for remark in &caption.remarks { span.remark { (remark) } }
            }
            @if tiles.is_empty() { p.none { "The file cannot be shown." } }
            div.tiles {
                @for tile in tiles {
                    div.tile {
                        div.image style=[narrowed(tile.size)] {
                            img src=(tile.uri) width=(tile.size.width) height=(tile.size.height)
                                alt={ (caption.title) ": " (tile.alt) };
                            @if let Some(peak) = tile.peak { (ring(peak, tile.size)) }
                        }
                        (tile.name)
                    }
                }
            }
        }
    }
}

/// The width of a picture that is higher than it is wide: its height is a tile's.
fn narrowed(size: Size) -> Option<String> {
    let share = f64::from(size.width) / f64::from(size.height.max(1));
    (share < 1.0).then(|| format!("width:calc(var(--tile)*{share:.3})"))
}

/// A ring around a pixel.
fn ring((x, y): (u16, u16), size: Size) -> Markup {
    let share = |at: u16, side: u16| format!("{:.2}%", 100.0 * (f64::from(at) + 0.5) / f64::from(side));
    html! {
        span.ring style={ "left:" (share(x, size.width)) ";top:" (share(y, size.height)) } {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_become_markup() {
        let title = "<script>alert(1)</script>\" onload=\"x".to_owned();
        let caption = Caption { id: "case-1".into(), title, verdict: "passed", remarks: vec!["a < b".into()] };
        let tile =
            Tile { name: "Input", alt: "x".into(), uri: "data:,".into(), size: Size::new(4, 2), peak: Some((1, 1)) };
        let html = panel(&caption, &[tile]).into_string();
        assert!(!html.contains("<script") && !html.contains("\" onload=\""), "{html}");
        assert!(html.contains("a &lt; b"));
        assert!(html.contains("left:37.50%;top:75.00%"), "the ring is around the pixel's middle: {html}");
    }

    #[test]
    fn without_a_picture_the_panel_says_so() {
        let caption = Caption { id: "x".into(), title: "a.png".into(), verdict: "fault", remarks: Vec::new() };
        assert!(panel(&caption, &[]).into_string().contains("cannot be shown"));
    }
}
