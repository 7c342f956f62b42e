//! Pictures of pages, for people to look at.

use std::path::PathBuf;

use super::page::Page;

/// Takes pictures of the whole page into the folder that `STANCHION_PICTURES` names: `NAME-light.png`, `NAME-dark.png`,
/// `NAME-phone.png`, `NAME-print.png`, and `NAME.pdf`. Without the variable it does nothing.
pub(crate) fn take(page: &Page, name: &str) {
    let Some(folder) = std::env::var_os("STANCHION_PICTURES").map(PathBuf::from) else {
        return;
    };
    take_into(page, &folder, name);
}

/// As [`take`], into this folder.
pub(crate) fn take_into(page: &Page, folder: &std::path::Path, name: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let keep = |kind: &str, bytes: &[u8]| {
        std::fs::write(folder.join(format!("{name}{kind}")), bytes).unwrap();
    };
    page.wide();
    page.light();
    keep("-light.png", &page.whole_screenshot());
    page.dark();
    keep("-dark.png", &page.whole_screenshot());
    page.light();
    page.narrow();
    keep("-phone.png", &page.whole_screenshot());
    // As broad as A4 at 96 dots to the inch.
    page.size(794, 1123, false);
    page.paper();
    keep("-print.png", &page.whole_screenshot());
    page.light();
    page.wide();
    keep(".pdf", &page.print());
}

/// With `STANCHION_GUIDE` set, writes a picture of what is seen first of the page into `docs/`. Without it does nothing.
pub(crate) fn for_guide(page: &Page, name: &str) {
    if std::env::var_os("STANCHION_GUIDE").is_none() {
        return;
    }
    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/{name}.png"));
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).unwrap();
    }
    page.size(1200, 760, false);
    page.light();
    std::fs::write(file, page.screenshot()).unwrap();
    page.wide();
}
