//! The harness itself, on pages that do what each part is there to see.

use super::hostile::{Hostile, assert_harmless, assert_text, texts};
use super::page::Page;
use super::{axe, driver, keys, pictures};
use crate::portal::serving::{Reply, Server};

const FORM: &str = r#"<!doctype html><html lang="en"><head><title>Form</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"></head><body><main><h1>A form</h1>
<form action="/sent"><p><label for="a">First name</label><input id="a" name="a"></p>
<p><label>Colour <select name="colour"><option>red</option><option>blue</option></select></label></p>
<p><label for="file">A file</label><input type="file" id="file"></p>
<div id="here">drop here</div><p id="what"></p>
<p><button>Send <b>it</b></button> <a href="/other">Elsewhere</a></p></form>
<button type="button" id="slow" disabled>Slow</button></main>
<style>@media (prefers-color-scheme: dark) { body { color: rgb(1, 2, 3) } } @media print { h1 { display: none } }
@media (prefers-reduced-motion: reduce) { #what { color: rgb(4, 5, 6) } }</style>
<script>
const what = document.getElementById('what'), here = document.getElementById('here');
file.onchange = async () => what.textContent = 'got ' + file.files[0].name + ': ' + await file.files[0].text();
here.ondragover = event => event.preventDefault();
here.ondrop = async event => { event.preventDefault(); const one = event.dataTransfer.files[0]; what.textContent = 'dropped ' + one.name + ' ' + one.type + ': ' + await one.text(); };
slow.onclick = () => { if (confirm('sure?')) what.textContent = 'yes'; };
document.onkeydown = event => { if (event.key === 'j') { const end = performance.now() + 60; while (performance.now() < end); what.textContent = 'moved'; } };
</script></body></html>"#;

fn html(text: &str) -> Reply {
    Reply::bytes(text).with("content-type", "text/html; charset=utf-8")
}

/// A page of this HTML at every path, and a window on it.
fn serving(text: &'static str) -> Option<(Server, Page)> {
    if !driver::here() {
        return None;
    }
    let server = Server::start(move |_| html(text));
    let page = Page::new(&server.url());
    page.go("/");
    Some((server, page))
}

/// What a test fails with.
fn failure(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let error = std::panic::catch_unwind(test).unwrap_err();
    error.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn forms_are_used_as_by_a_person() {
    let Some((server, page)) = serving(FORM) else {
        return;
    };
    assert_eq!(page.title(), "Form");
    let name = page.field("First name");
    name.type_in("Ann");
    name.fill("Bob");
    assert_eq!(
        (
            name.property("value"),
            name.name().as_str(),
            name.role().as_str()
        ),
        ("Bob".into(), "First name", "textbox")
    );
    name.clear();
    assert_eq!(name.property("value"), "");
    assert_eq!(name.attribute("name").as_deref(), Some("a"));
    name.click();
    assert!(name.is_focused() && name.is_shown() && name.is_enabled());
    page.press("xyz");
    page.press_with(&[keys::CONTROL], "a");
    page.press("new");
    page.field("Colour").select("blue");
    page.field("Colour").select("red");
    page.field("First name").click();
    page.press(&format!("{}{}", keys::TAB, keys::DOWN));
    assert_eq!(page.field("Colour").property("value"), "blue");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("upload.txt");
    std::fs::write(&file, "within").unwrap();
    page.field("A file").upload(&[&file]);
    page.until_text(": within");
    page.with_text("drop here")
        .drop_file("a.json", "application/json", b"{}");
    page.until_text("dropped a.json application/json: {}");
    assert!(!page.role("button", "Slow").is_enabled());
    page.script("slow.disabled = false", &serde_json::json!([]));
    page.push("Slow");
    assert_eq!(page.dialog().as_deref(), Some("sure?"));
    page.answer(true);
    page.until_text("yes");
    assert_eq!(
        page.focus_order(),
        [
            "First name",
            "Colour",
            "A file",
            "Send it",
            "Elsewhere",
            "Slow"
        ]
    );
    page.push("Send it");
    page.until_path("/sent?a=new&colour=blue");
    page.back();
    page.until_path("/");
    page.field("First name").submit();
    page.until("a sent form", || {
        page.path().starts_with("/sent?a=").then_some(())
    });
    page.follow("Elsewhere");
    page.until_path("/other");
    page.field("First name")
        .type_in(&format!("by keys{}", keys::ENTER));
    page.until_path("/sent?a=by+keys&colour=red");
    page.reload();
    assert_eq!(page.at("h1").text(), "A form");
    assert!(
        page.has("form")
            && !page.has("nav")
            && page.html().contains("drop here")
            && page.text().contains("A form")
    );
    assert!(server.count("GET", "/sent") > 1);
}

#[test]
fn pages_are_shown_on_other_things_to_other_people() {
    let Some((_server, page)) = serving(FORM) else {
        return;
    };
    let width = |page: &Page| page.script("return innerWidth", &serde_json::json!([]));
    let colour = |css: &str| page.at(css).style("color");
    assert_eq!(
        (width(&page), colour("body").as_str()),
        (1440.into(), "rgba(0, 0, 0, 1)")
    );
    page.dark();
    assert_eq!(colour("body"), "rgba(1, 2, 3, 1)");
    page.still();
    assert_eq!(colour("#what"), "rgba(4, 5, 6, 1)");
    page.paper();
    assert!(!page.at("h1").is_shown());
    page.light();
    page.narrow();
    assert_eq!(width(&page), 390);
    assert!(page.sticking_out().is_empty() && page.at("main").size().0 < 390.0);
    page.script("here.style.width = '500px'", &serde_json::json!([]));
    assert!(page.sticking_out()[0].contains("here"));
    let zone = "return new Date(0).getHours()";
    assert_eq!(page.script(zone, &serde_json::json!([])), 0);
    page.zone("Asia/Tokyo");
    assert_eq!(page.script(zone, &serde_json::json!([])), 9);
    let folder = tempfile::tempdir().unwrap();
    pictures::take_into(&page, folder.path(), "form");
    for kind in [
        "-light.png",
        "-dark.png",
        "-phone.png",
        "-print.png",
        ".pdf",
    ] {
        let bytes = std::fs::read(folder.path().join(format!("form{kind}"))).unwrap();
        let begin: &[u8] = if kind == ".pdf" { b"%PDF-" } else { b"\x89PNG" };
        assert!(bytes.starts_with(begin), "{kind}");
    }
    assert!(page.screenshot().starts_with(b"\x89PNG"));
    assert!(page.at("h1").screenshot().starts_with(b"\x89PNG"));
    page.without_scripts();
    page.reload();
    page.script("slow.disabled = false", &serde_json::json!([]));
    page.push("Slow");
    assert!(page.dialog().is_none());
}

#[test]
fn pages_are_measured() {
    let Some((_server, page)) = serving(FORM) else {
        return;
    };
    let measured = page.measured();
    assert!(
        measured.first_paint > 0.0 && measured.first_byte <= measured.loaded,
        "{measured:?}"
    );
    assert!(
        measured.bytes > FORM.len() as f64 && measured.requests >= 1.0,
        "{measured:?}"
    );
    page.forget_files();
    // A key that keeps the page busy for 60 ms, and one that does nothing.
    let slow = page.next_paint(|page| page.press("j"));
    assert!(slow >= 56.0, "{slow}");
    assert_eq!(page.at("#what").text(), "moved");
    let quick = page.next_paint(|page| page.press(keys::ESCAPE));
    assert!(quick < slow, "{quick} {slow}");
}

#[test]
fn what_a_page_logs_fails_its_test() {
    if !driver::here() {
        return;
    }
    let server = Server::start(|asked| {
        let page = "<!doctype html><title>t</title><link rel=icon href='data:,'>";
        match asked.path.as_str() {
            "/policy" => html(&format!(
                "{page}<script>document.title = 'ran'</script><p style='color: red'>x"
            ))
            .with(
                "content-security-policy",
                "default-src 'none'; img-src data:",
            ),
            "/throws" => html(&format!(
                "{page}<script>throw new Error('out of order')</script>"
            )),
            "/says" => html(&format!(
                "{page}<script>console.error('not well'); console.log('well')</script>"
            )),
            "/lacks" => html(&format!("{page}<img src=/gone alt=''>")),
            "/gone" => Reply::status(404),
            _ => html(page),
        }
    });
    let url = server.url();
    for (path, said) in [
        ("/policy", "script-src"),
        ("/policy", "style-src"),
        ("/throws", "out of order"),
        ("/says", "not well"),
        ("/lacks", "404"),
    ] {
        let error = failure(|| Page::new(&url).go(path));
        assert!(error.contains(said), "{path}: {error}");
    }
    // What is named may come, and must.
    let page = Page::new(&url);
    page.expect("out of order");
    page.go("/throws");
    drop(page);
    let error = failure(|| {
        let page = Page::new(&url);
        page.expect("out of order");
        page.go("/");
    });
    assert!(error.contains("did not come"), "{error}");
    // The next test sees nothing of it.
    let page = Page::new(&url);
    page.go("/says");
    page.expect("not well");
    assert!(page.surprises().is_empty());
    assert_eq!(page.logged().len(), 2);
}

#[test]
fn rules_that_a_page_breaks_are_told() {
    let Some((_server, page)) = serving(
        "<!doctype html><html><head><link rel=icon href='data:,'></head><body><img src='data:,'><p style='color:#aaa'>pale</p><input>",
    ) else {
        return;
    };
    let Some(found) = axe::violations(&page) else {
        return;
    };
    let rules: Vec<&str> = found.iter().map(|one| one.rule.as_str()).collect();
    for rule in [
        "image-alt",
        "color-contrast",
        "label",
        "html-has-lang",
        "document-title",
    ] {
        assert!(rules.contains(&rule), "{rules:?}");
    }
    assert!(
        found
            .iter()
            .all(|one| !one.impact.is_empty() && !one.help.is_empty() && !one.places.is_empty())
    );
    let error = failure(std::panic::AssertUnwindSafe(|| {
        axe::assert_accessible(&page);
    }));
    assert!(error.contains("image-alt [critical]"), "{error}");
}

#[test]
fn hostile_texts_that_run_are_seen() {
    if !driver::here() {
        return;
    }
    let all = texts();
    let of = |kind: &str| all.iter().find(|one| one.kind == kind).unwrap();
    let script = of("script").text.clone();
    let attribute = of("attribute in double quotes").text.clone();
    let link = of("link").text.clone();
    let server = Server::start(move |asked| {
        let inside = match asked.path.as_str() {
            "/script" => script.replace("alert(1)", ""),
            "/attribute" => format!("<input value=\"{}\">", attribute.replace("alert(1)", "")),
            "/link" => format!("<a href=\"{link}\">go</a>"),
            _ => script.replace('<', "&lt;"),
        };
        html(&format!(
            "<!doctype html><title>t</title><link rel=icon href='data:,'><p>{inside}</p>"
        ))
    });
    let page = Page::new(&server.url());
    for path in ["/script", "/attribute", "/link"] {
        page.go(path);
        failure(std::panic::AssertUnwindSafe(|| {
            assert_harmless(&page, path);
        }));
    }
    page.go("/text");
    assert_text(&page, of("script"));
    let other = Hostile {
        text: "not there".to_owned(),
        ..of("script").clone()
    };
    failure(std::panic::AssertUnwindSafe(|| assert_text(&page, &other)));
}

#[test]
fn a_test_may_have_several_windows() {
    let Some((_server, page)) = serving(FORM) else {
        return;
    };
    // More than tests have browsers at once, and nothing of one is in another.
    let others: Vec<Page> = (0..3).map(|_| Page::new(page.base())).collect();
    page.set_cookie("own", "1");
    for other in &others {
        other.go("/");
        assert!(other.cookie("own").is_none());
    }
    assert!(page.cookie("own").is_some());
    page.dark();
    drop(page);
    // What comes next to a browser that was used finds it as new.
    let next = Page::new(others[0].base());
    next.go("/");
    assert!(next.cookie("own").is_none());
    assert_eq!(next.at("body").style("color"), "rgba(0, 0, 0, 1)");
}
