//! Stock service: keeps the count of every product and tells it over HTTP.

mod count;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Method, Request, Response, Server, StatusCode};
use regex::Regex;
use tokio::sync::RwLock;

use count::Stock;

struct App {
    stock: RwLock<Stock>,
    path: Regex,
}

async fn answer(app: Arc<App>, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let text = |status, text: String| {
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        Ok(response)
    };
    if request.method() != Method::GET {
        return text(StatusCode::METHOD_NOT_ALLOWED, String::new());
    }
    let sku = match app.path.captures(request.uri().path()) {
        Some(found) => found[1].to_owned(),
        None => return text(StatusCode::NOT_FOUND, String::new()),
    };
    match app.stock.read().await.left(&sku) {
        Some(left) => text(StatusCode::OK, left.to_string()),
        None => text(StatusCode::NOT_FOUND, format!("no product {}", sku)),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut stock = Stock::default();
    stock.received("TEA-1", 40);
    stock.received("MUG-7", 12);
    let app = Arc::new(App {
        stock: RwLock::new(stock),
        path: Regex::new(r"^/stock/([A-Z]{3}-[0-9]{1,6})$")?,
    });

    let address = SocketAddr::from(([127, 0, 0, 1], 8070));
    let service = make_service_fn(move |_| {
        let app = app.clone();
        async move { Ok::<_, Infallible>(service_fn(move |r| answer(app.clone(), r))) }
    });
    Server::bind(&address).serve(service).await?;
    Ok(())
}
