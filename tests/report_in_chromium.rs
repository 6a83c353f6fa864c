//! Both reports in a real browser, at the width of a desk and of a telephone: every image decodes, nothing is wider
//! than the screen, no label is cut off, and the browser has nothing to complain about.
//!
//! Needs `chromium` in the path.

use std::fs;
use std::path::Path;
use std::process::Command;

use host_trainer::report::CONTENT_SECURITY_POLICY;
use serde_json::Value;

use crate::programs::path;
use crate::report::{HOSTILE, evaluate, render};
use crate::train_to_replay;

const WIDTHS: [u32; 2] = [1200, 360];

/// What the browser measures once everything is loaded.
const MEASURE: &str = r#"<script>addEventListener("load", () => {
    const root = document.documentElement, width = innerWidth;
    const clipped = [...document.querySelectorAll("svg text")].filter(text => {
        const label = text.getBoundingClientRect(), chart = text.ownerSVGElement.getBoundingClientRect();
        return label.left < chart.left - 1 || label.right > chart.right + 1
            || label.top < chart.top - 1 || label.bottom > chart.bottom + 1;
    });
    const measured = document.createElement("pre");
    measured.id = "measured";
    measured.textContent = JSON.stringify({
        width, scroll_width: root.scrollWidth, title: document.title,
        images: [...document.images].map(image => image.naturalWidth),
        alt_missing: [...document.images].filter(image => !image.alt).length,
        panels: document.querySelectorAll("figure.panel").length,
        charts: document.querySelectorAll("svg.chart").length,
        clipped: clipped.map(text => text.textContent.trim()),
        dead_links: [...document.querySelectorAll("a")].map(a => a.getAttribute("href") ?? a.href.baseVal)
            .filter(target => !document.getElementById(target.slice(1))),
    });
    document.body.append(measured);
})</script>"#;

struct Browsed {
    dom: String,
    complaints: Vec<String>,
}

/// Opens `page` in a window of this width and gives the document and what the console said.
fn browse(page: &Path, width: u32, more: &[&str]) -> Browsed {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--window-size={width},2000"))
        .args(more)
        .arg(format!("file://{}", path(page)))
        .output()
        .expect("chromium starts");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    let complaints = log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Browsed { dom: String::from_utf8(output.stdout).unwrap(), complaints }
}

/// Measures a copy of `page` that may run the measuring script, in a frame of this width: Chromium has no window of
/// less than 500 pixels.
fn measure(page: &Path, width: u32) -> Value {
    let html = fs::read_to_string(page).unwrap();
    assert!(html.contains(CONTENT_SECURITY_POLICY));
    let html = html.replace(CONTENT_SECURITY_POLICY, "").replace("</body>", &format!("{MEASURE}</body>"));
    let framed = format!(
        "<!DOCTYPE html><body onload=\"answer.textContent = frames[0].measured.textContent\"><pre id=answer></pre>\
         <iframe style=\"border:0;width:{width}px;height:2000px\" srcdoc=\"{}\"></iframe>",
        html.replace('&', "&amp;").replace('"', "&quot;")
    );
    let copy = page.with_extension("framed.html");
    fs::write(&copy, framed).unwrap();
    let dom = browse(&copy, WIDTHS[0], &["--dump-dom", "--hide-scrollbars"]).dom;
    let answer = dom.split("<pre id=\"answer\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let json = answer.unwrap_or_default().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: the script did not run: {answer:?}"))
}

/// Checks `page` at both widths and gives the last measurement.
fn check(page: &Path, charts: u64) -> Value {
    let mut last = Value::Null;
    for width in WIDTHS {
        let seen = measure(page, width);
        assert_eq!(seen["width"], width, "{seen}");
        assert!(seen["scroll_width"].as_u64().unwrap() <= u64::from(width), "wider than {width}: {seen}");
        let images = seen["images"].as_array().unwrap();
        assert!(images.len() > 6 && images.iter().all(|width| width.as_u64() > Some(0)), "{seen}");
        assert_eq!(seen["alt_missing"], 0);
        assert_eq!(seen["charts"], charts);
        assert_eq!(seen["clipped"], serde_json::json!([]), "at {width}");
        assert_eq!(seen["dead_links"], serde_json::json!([]));
        last = seen;
    }
    let browsed = browse(page, WIDTHS[0], &["--dump-dom"]);
    assert!(browsed.complaints.is_empty(), "{:?}", browsed.complaints);
    last
}

#[test]
fn chromium_shows_the_evaluation() {
    let folder = tempfile::tempdir().unwrap();
    let (data, page) = (folder.path().join("data"), folder.path().join("evaluation.html"));
    render(&data);
    let html = evaluate(&data, &page);
    let seen = check(&page, 2);
    assert_eq!(seen["title"], "Evaluation report: rendered bottle mouth", "a file name ran as a script: {HOSTILE}");
    assert_eq!(seen["panels"].as_u64().unwrap() as usize, html.matches("<figure class=\"panel\"").count());

    // What is seen is neither blank nor cut: the picture has the width of the window and a page's worth of colours.
    let picture = folder.path().join("picture.png");
    browse(&page, 360, &["--hide-scrollbars", &format!("--screenshot={}", path(&picture))]);
    let picture = image::open(&picture).unwrap().into_rgb8();
    assert_eq!(picture.width(), 360);
    let colours: std::collections::BTreeSet<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
    assert!(colours.len() > 100, "{} colours", colours.len());
}

#[test]
fn chromium_shows_the_training() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    train_to_replay::render(&data);
    train_to_replay::train(&data).write(folder.path()).unwrap();
    let seen = check(&folder.path().join("report.html"), 2);
    assert!(seen["panels"].as_u64() >= Some(4), "{seen}");
    let loss = browse(&folder.path().join("loss.svg"), 840, &["--dump-dom"]);
    assert!(loss.dom.contains("<polyline") && !loss.dom.contains("parsererror"), "{}", loss.dom);
}

/// The policy in the page is one that the browser obeys, and the tests above would see a complaint.
#[test]
fn chromium_refuses_what_the_policy_forbids() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let head = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{CONTENT_SECURITY_POLICY}\">");
    let body = "<p id=answer>before</p><script>answer.textContent = 'after'</script><img src=\"other.png\">";
    fs::write(&page, format!("<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>")).unwrap();
    let browsed = browse(&page, 800, &["--dump-dom"]);
    assert!(browsed.dom.contains(">before<"), "{}", browsed.dom);
    assert_eq!(browsed.complaints.len(), 2, "{:?}", browsed.complaints);
}
