//! Texts that try to be more than text, and whether a page kept them what they are.

use serde_json::json;

use super::page::Page;

/// A text that somebody may write into anything that takes one.
#[derive(Clone, Debug)]
pub(crate) struct Hostile {
    /// What it tries.
    pub(crate) kind: &'static str,
    /// The text. The mark stands in it.
    pub(crate) text: String,
    /// The part that must be seen wherever it is shown whole.
    pub(crate) mark: String,
}

/// The texts; what runs sets `window.__pwned` and opens a dialog. Those with more than one line, a NUL or 10,000 letters
/// may be refused by fields that take none.
pub(crate) fn texts() -> Vec<Hostile> {
    const RUN: &str = "window.__pwned=1;alert(1)";
    let around = [
        ("script", format!("<script>{RUN}</script>MARK")),
        ("script after the end of one", format!("</script></title></textarea><script>{RUN}</script>MARK")),
        ("image", format!("<img src=x onerror=\"{RUN}\">MARK")),
        ("attribute in double quotes", format!("\"><svg onload={RUN}>MARK")),
        ("attribute in single quotes", format!("' autofocus onfocus='{RUN}' x='MARK")),
        ("attribute without quotes", format!("MARK onmouseover={RUN} autofocus onfocus={RUN}")),
        ("link", format!("javascript:{RUN}//MARK")),
        ("link in disguise", format!("jAvAsCrIpT&colon;{RUN}//MARK")),
        ("data link", "data:text/html,<script>parent.__pwned=1</script>MARK".to_owned()),
        ("svg", format!("<svg><animate onbegin={RUN} attributeName=x dur=1s>MARK</svg>")),
        ("mathml", format!("<math><mtext><table><mglyph><style><img src=x onerror={RUN}>MARK</math>")),
        ("style", "</style><style>*{display:none!important}</style>MARK".to_owned()),
        ("comment", format!("--><img src=x onerror={RUN}><!--MARK")),
        ("frame", format!("<iframe srcdoc=\"<script>parent.__pwned=1;{RUN}</script>\"></iframe>MARK")),
        ("base", "<base href=//evil.example/><meta http-equiv=refresh content=\"0;url=//evil.example\">MARK".to_owned()),
        ("template", "{{constructor.constructor('window.__pwned=1')()}}${window.__pwned=1}<%= 1 %>#{1}MARK".to_owned()),
        ("right to left", "MARK\u{202e}gpj.exe\u{2066}\u{200f}end".to_owned()),
        ("entities", "&lt;b&gt;MARK&#x0;&amp;amp;".to_owned()),
        ("emoji", "MARK👩\u{200d}👩\u{200d}👧\u{200d}👦🏴\u{e0067}\u{e0062}Z\u{335}\u{316}\u{353}".to_owned()),
        ("long", format!("MARK{}", "w".repeat(10_000))),
        ("nul", "MARK\0end".to_owned()),
        ("lines", "MARK\r\nset-cookie: pwned=1\r\n\r\n<b>".to_owned()),
    ];
    let made = around
        .into_iter()
        .enumerate()
        .map(|(number, (kind, text))| {
            let mark = format!("mark-{number}-7f3a");
            let text = text.replace("MARK", &mark);
            Hostile { kind, text, mark }
        });
    made.collect()
}

/// Fails if something of a hostile text has run: a script, a dialog, a page of another site, a cookie.
pub(crate) fn assert_harmless(page: &Page, what: &str) {
    let dialog = page.dialog();
    assert!(dialog.is_none(), "a dialog is open: {dialog:?} ({what})");
    assert!(
        page.url().starts_with(page.base()),
        "led away to {} ({what})",
        page.url()
    );
    let ran = "return typeof window.__pwned !== 'undefined' || document.cookie.includes('pwned')";
    assert!(
        page.script(ran, &json!([])) == false,
        "a script ran ({what})"
    );
    let made = "return [...document.querySelectorAll('*')].filter(one => one.localName === 'iframe' || one.localName === 'base'
        || (one.localName === 'script' && !one.src) || [...one.attributes].some(attribute => attribute.name.startsWith('on')
        || /^\\s*(javascript|data:text)/i.test(attribute.value) && ['href', 'src', 'action', 'formaction', 'xlink:href'].includes(attribute.name)))
        .map(one => one.outerHTML.slice(0, 200))";
    let made = page.script(made, &json!([]));
    assert!(
        made.as_array().is_some_and(Vec::is_empty),
        "it became {made} ({what})"
    );
}

/// Fails unless the text is on the page, letter by letter, as text; and as [`assert_harmless`].
pub(crate) fn assert_text(page: &Page, hostile: &Hostile) {
    assert_harmless(page, hostile.kind);
    let script = "const plain = text => text.replace(/\\s+/g, ' ').trim(); return plain(document.body.textContent).includes(plain(arguments[0]))
        || [...document.querySelectorAll('input, textarea')].some(one => plain(one.value).includes(plain(arguments[0])))";
    let shown = page.script(script, &json!([hostile.text]));
    assert!(
        shown == true,
        "{}: {:?} is not on {}",
        hostile.kind,
        hostile.text,
        page.url()
    );
    // Nothing of it hides it.
    assert!(page.html().contains(&hostile.mark), "{}", hostile.kind);
}
