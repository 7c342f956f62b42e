//! A badge for a product's page elsewhere: public, and only where the product says so.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use stanchion_store::{params, products};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Path, Problem};
use crate::portal::Portal;

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(badge))
}

/// The badge of a product: how many findings of its live versions are open, and the worst of them. Only where the product
/// has `badge` set; everything else is not there.
#[utoipa::path(get, path = "/badges/{name}/findings.svg", tag = "badges", params(("name" = String, Path)),
    responses((status = 200, description = "SVG", body = String, content_type = "image/svg+xml"), Problem), extensions(("x-permission" = json!("public"))))]
pub(crate) async fn badge(
    State(portal): State<Portal>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let numbers = portal
        .read(move |tx| {
            let product = products::by_name(tx, &name)?.filter(|product| product.badge);
            let Some(product) = product else {
                return Err(Problem::not_found("There is no such badge."));
            };
            let mut numbers = [0_i64; 3];
            tx.each(
                "SELECT CASE WHEN (flags & 1) = 1 THEN 0 WHEN severity >= 3 THEN 1 ELSE 2 END, COUNT(*)
                 FROM finding WHERE work = 1 AND product = ?1 AND state <> 3 GROUP BY 1",
                params![product.id],
                |row| {
                    let place: i64 = row.get(0)?;
                    if let Some(number) = usize::try_from(place).ok().and_then(|at| numbers.get_mut(at)) {
                        *number = row.get(1)?;
                    }
                    Ok(())
                },
            )?;
            Ok(numbers)
        })
        .await?;
    let (text, colour) = match numbers {
        [0, 0, 0] => ("no open findings".to_owned(), "#1a7f37"),
        [0, 0, others] => (format!("{others} open"), "#6e7781"),
        [0, high, _] => (format!("{high} high or critical"), "#bc4c00"),
        [exploited, ..] => (format!("{exploited} known exploited"), "#a40e26"),
    };
    Ok((
        [
            (CONTENT_TYPE, "image/svg+xml"),
            (CACHE_CONTROL, "public, max-age=300"),
        ],
        svg("supply chain", &text, colour),
    )
        .into_response())
}

/// Two fields side by side. Widths are those of Verdana at 11 px, 6.6 px a letter on average.
fn svg(left: &str, right: &str, colour: &str) -> String {
    let width = |text: &str| text.chars().count() * 66 / 10 + 14;
    let (a, b) = (width(left), width(right));
    let mut out = String::new();
    // Neither text comes from outside, and no write to a text fails.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"20\" role=\"img\" aria-label=\"{left}: {right}\">\
         <title>{left}: {right}</title>\
         <rect width=\"{a}\" height=\"20\" fill=\"#3d444d\"/><rect x=\"{a}\" width=\"{b}\" height=\"20\" fill=\"{colour}\"/>\
         <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" text-anchor=\"middle\">\
         <text x=\"{x}\" y=\"14\">{left}</text><text x=\"{y}\" y=\"14\">{right}</text></g></svg>",
        whole = a + b,
        x = a / 2,
        y = a + b / 2,
    );
    out
}
