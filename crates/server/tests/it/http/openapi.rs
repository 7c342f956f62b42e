//! How a resource adds an operation: its route and its entry in the OpenAPI document are one thing.

use serde::{Deserialize, Serialize};
use stanchion_server::http::{Json, Path, Problem, api, described};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Server;

/// A product.
#[derive(Serialize, Deserialize, ToSchema)]
struct Product {
    /// What people call it.
    name: String,
}

/// One product.
#[utoipa::path(
    get, path = "/api/products/{id}", tag = "products",
    params(("id" = u32, Path, description = "The product's number")),
    responses((status = 200, description = "The product", body = Product), Problem)
)]
async fn show(Path(id): Path<u32>) -> Result<Json<Product>, Problem> {
    if id == 1 {
        return Ok(Json(Product {
            name: "one".to_owned(),
        }));
    }
    Err(Problem::not_found(format!("There is no product {id}.")))
}

/// Makes a product.
#[utoipa::path(
    post, path = "/api/products", tag = "products", request_body = Product,
    responses((status = 200, description = "The product as it was made", body = Product), Problem)
)]
async fn create(Json(product): Json<Product>) -> Json<Product> {
    Json(product)
}

fn slice() -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(create))
}

#[test]
fn what_is_served_is_in_the_document() {
    let server = Server::with(described(api().merge(slice())).unwrap());
    let answer = server.get("/api/v1/openapi.json");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let condition = format!("if-none-match: {}", answer.header("etag").unwrap());
    assert_eq!(
        server
            .ask("GET", "/api/v1/openapi.json", &[&condition], b"")
            .status,
        304
    );
    let problem = &document["paths"]["/api/products/{id}"]["get"]["responses"]["default"];
    assert_eq!(
        problem["content"]["application/problem+json"]["schema"]["$ref"],
        "#/components/schemas/Problem"
    );
    assert!(document["paths"]["/api/products"]["post"].is_object());
    let schemas = &document["components"]["schemas"];
    for name in ["Problem", "FieldError", "Product"] {
        assert!(schemas[name].is_object(), "{name}: {schemas}");
    }
    assert_eq!(schemas["Problem"]["properties"]["type"]["type"], "string");

    assert_eq!(server.get("/api/products/1").text(), r#"{"name":"one"}"#);
    let missing = server.get("/api/products/2");
    assert_eq!(missing.status, 404);
    assert_eq!(missing.problem()["detail"], "There is no product 2.");
}
