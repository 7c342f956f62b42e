//! How quick a page is, as the browser has measured it.

use serde_json::json;

use super::page::Page;

/// Of a page that was loaded. Times are milliseconds since the way to it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// When there was something to see first.
    pub(crate) first_paint: f64,
    /// When the first byte came.
    pub(crate) first_byte: f64,
    /// When all was there.
    pub(crate) loaded: f64,
    /// Bytes that went over the network, heads of answers included; what came from the cache counts nothing.
    pub(crate) bytes: f64,
    /// The page and the files that it loaded.
    pub(crate) requests: f64,
}

const MEASURED: &str = "
const [page] = performance.getEntriesByType('navigation');
const paint = performance.getEntriesByName('first-contentful-paint')[0];
if (!paint || !page.loadEventEnd) return null;
const files = performance.getEntriesByType('resource');
return [paint.startTime, page.responseStart, page.loadEventEnd,
  files.reduce((sum, file) => sum + file.transferSize, page.transferSize), files.length + 1];";

/// The Event Timing API tells only of what took 16 ms and more, and at a time of its own: beside it, each event is followed
/// to the frame after it.
const WATCH: &str = "
const note = took => { window.__longest = Math.max(window.__longest, took); };
window.__longest = 0;
window.__open = 0;
window.__seen = new PerformanceObserver(list => list.getEntries().forEach(one => note(one.duration)));
window.__seen.observe({type: 'event', durationThreshold: 16});
window.__done = new AbortController();
for (const what of ['keydown', 'keyup', 'pointerdown', 'pointerup', 'click']) {
  addEventListener(what, event => {
    window.__open += 1;
    requestAnimationFrame(() => setTimeout(() => { note(performance.now() - event.timeStamp); window.__open -= 1; }));
  }, {capture: true, signal: window.__done.signal});
}";

const LONGEST: &str = "
do await new Promise(next => requestAnimationFrame(() => setTimeout(next))); while (window.__open > 0);
window.__seen.disconnect();
window.__done.abort();
return window.__longest;";

impl Page {
    /// How long the page took, and how large it was. Needs scripts.
    pub(crate) fn measured(&self) -> Measured {
        let values = self.until("first paint", || {
            let values = self.script(MEASURED, &json!([]));
            values.as_array().cloned()
        });
        let number = |at: usize| values[at].as_f64().unwrap();
        Measured {
            first_paint: number(0),
            first_byte: number(1),
            loaded: number(2),
            bytes: number(3),
            requests: number(4),
        }
    }

    /// Forgets the files of pages, so that the next page loads all of its own.
    pub(crate) fn forget_files(&self) {
        self.devtools("Network.clearBrowserCache", &json!({}));
    }

    /// From a key or a click to the next paint, in milliseconds: the longest of what is done; 0 where nothing was. The page
    /// must still be the same afterwards.
    pub(crate) fn next_paint(&self, act: impl FnOnce(&Self)) -> f64 {
        self.script(WATCH, &json!([]));
        act(self);
        self.script_later(LONGEST, &json!([])).as_f64().unwrap()
    }
}
