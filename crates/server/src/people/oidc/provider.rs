//! The issuer: what it says of itself, where it is asked, and what its tokens are believed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreIdTokenVerifier,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, Client,
    ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stanchion_net::{Method, NetError, Request};

use super::{GroupRole, Settings, SettingsError};
use crate::engine::Engine;
use crate::http::Problem;
use crate::people::permission::Role;

/// Bytes of an answer of the issuer.
const MOST: u64 = 1 << 20;
/// For one question.
const PATIENCE: Duration = Duration::from_secs(15);
/// Seconds for which what the issuer says of itself holds.
const FRESH: i64 = 60 * 60;
/// Groups of one person that are looked at.
const MOST_GROUPS: usize = 10_000;

/// Claims that are not of the standard, such as the groups.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Further(BTreeMap<String, Value>);

impl AdditionalClaims for Further {}

type Fields = IdTokenFields<
    Further,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// The client once the issuer's endpoints are known.
type Known = Client<
    Further,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What the issuer says of itself, for as long as it holds.
struct Discovered {
    metadata: CoreProviderMetadata,
    at: i64,
}

/// The issuer.
pub(crate) struct Provider {
    settings: Settings,
    issuer: IssuerUrl,
    secret: Option<ClientSecret>,
    discovered: Mutex<Option<Arc<Discovered>>>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Provider")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What the issuer told about somebody.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) subject: String,
    pub(super) name: String,
    pub(super) display: String,
    pub(super) groups: Vec<String>,
}

impl Provider {
    pub(crate) fn new(settings: Settings) -> Result<Self, SettingsError> {
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .map_err(|_| SettingsError::Issuer(settings.issuer.clone()))?;
        for rule in &settings.roles {
            if Role::from_word(&rule.role).is_none()
                || (rule.product.is_some() && rule.tag.is_some())
            {
                return Err(SettingsError::Role(rule.group.clone(), rule.role.clone()));
            }
        }
        let secret = match (&settings.client_secret, &settings.client_secret_file) {
            (Some(secret), _) => Some(secret.clone()),
            (None, Some(path)) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| SettingsError::SecretFile {
                        path: path.display().to_string(),
                        reason: error.to_string(),
                    })?;
                Some(text.trim().to_owned())
            }
            (None, None) => None,
        };
        Ok(Self {
            issuer,
            secret: secret.map(ClientSecret::new),
            settings,
            discovered: Mutex::new(None),
        })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    pub(crate) fn label(&self) -> &str {
        &self.settings.label
    }

    pub(super) fn roles(&self) -> &[GroupRole] {
        &self.settings.roles
    }

    /// What the issuer says of itself; asked again once it is old, or where `anew`.
    fn discover(&self, engine: &Engine, anew: bool) -> Result<Arc<Discovered>, Problem> {
        let now = engine.now();
        let mut held = self
            .discovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = held.as_ref()
            && !anew
            && (0..FRESH).contains(&(now - found.at))
        {
            return Ok(Arc::clone(found));
        }
        let metadata = CoreProviderMetadata::discover(&self.issuer, &ask(engine))
            .map_err(|error| outside(self.label(), "does not say how to sign in", &error))?;
        let found = Arc::new(Discovered { metadata, at: now });
        *held = Some(Arc::clone(&found));
        Ok(found)
    }

    fn client(&self, discovered: &Discovered, redirect: &str) -> Result<Known, Problem> {
        let redirect =
            RedirectUrl::new(redirect.to_owned()).map_err(|error| Problem::internal(&error))?;
        let id = ClientId::new(self.settings.client_id.clone());
        Ok(
            Client::from_provider_metadata(discovered.metadata.clone(), id, self.secret.clone())
                .set_redirect_uri(redirect),
        )
    }

    /// Where a browser goes to sign in.
    pub(super) fn location(
        &self,
        engine: &Engine,
        redirect: &str,
        state: &str,
        nonce: &str,
        verifier: &str,
    ) -> Result<String, Problem> {
        let discovered = self.discover(engine, false)?;
        let client = self.client(&discovered, redirect)?;
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        let (state, nonce) = (
            CsrfToken::new(state.to_owned()),
            Nonce::new(nonce.to_owned()),
        );
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || state.clone(),
                move || nonce.clone(),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (location, _, _) = request.url();
        Ok(location.to_string())
    }

    /// Exchanges a code, and looks at what came for it.
    pub(super) fn told(
        &self,
        engine: &Engine,
        redirect: &str,
        code: String,
        nonce: &str,
        verifier: String,
    ) -> Result<Told, Problem> {
        let discovered = self.discover(engine, false)?;
        let client = self.client(&discovered, redirect)?;
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| outside(self.label(), "does not say where to hand in codes", &error))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        let answer = request
            .request(&ask(engine))
            .map_err(|error| refused(self.label(), "did not take the code", &error))?;
        let token = answer
            .extra_fields()
            .id_token()
            .ok_or_else(|| untrue(self.label(), "there is no ID token"))?;
        let nonce = Nonce::new(nonce.to_owned());
        let verified = token.claims(&Self::verifier(engine, &client), &nonce);
        let claims = match verified {
            // Keys change: asked once more, nothing is believed without one.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let discovered = self.discover(engine, true)?;
                let client = self.client(&discovered, redirect)?;
                token.claims(&Self::verifier(engine, &client), &nonce)
            }
            other => other,
        }
        .map_err(|error| {
            let mut text = error.to_string();
            if let ClaimsVerificationError::SignatureVerification(cause) = &error {
                text = format!("{text}: {cause}");
            }
            untrue(self.label(), &text)
        })?;
        let subject = claims.subject().clone();
        let mut all = object(claims)?;
        let wants = [&self.settings.name_claim, &self.settings.groups_claim];
        if wants.iter().any(|name| !all.contains_key(*name)) && client.user_info_url().is_some() {
            let request = client
                .user_info(answer.access_token().clone(), Some(subject.clone()))
                .map_err(|error| Problem::internal(&error))?;
            let info: UserInfoClaims<Further, CoreGenderClaim> = request
                .request(&ask(engine))
                .map_err(|error| refused(self.label(), "did not tell who you are", &error))?;
            for (name, value) in object(&info)? {
                all.entry(name).or_insert(value);
            }
        }
        Ok(self.read(&subject, &all))
    }

    /// Signatures by keys of the issuer alone: none, and those made with the shared secret, are not taken. Times are
    /// held against the portal's clock.
    fn verifier<'c>(engine: &Engine, client: &'c Known) -> CoreIdTokenVerifier<'c> {
        use CoreJwsSigningAlgorithm as Algorithm;
        let now = engine.now();
        client
            .id_token_verifier()
            .set_allowed_algs([
                Algorithm::RsaSsaPkcs1V15Sha256,
                Algorithm::RsaSsaPkcs1V15Sha384,
                Algorithm::RsaSsaPkcs1V15Sha512,
                Algorithm::RsaSsaPssSha256,
                Algorithm::RsaSsaPssSha384,
                Algorithm::RsaSsaPssSha512,
                Algorithm::EcdsaP256Sha256,
                Algorithm::EcdsaP384Sha384,
                Algorithm::EdDsa,
            ])
            .set_time_fn(move || chrono::DateTime::from_timestamp(now, 0).unwrap_or_default())
    }

    fn read(&self, subject: &str, all: &serde_json::Map<String, Value>) -> Told {
        let text = |name: &str| {
            all.get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let name = text(&self.settings.name_claim)
            .or_else(|| text("email"))
            .unwrap_or_else(|| subject.to_owned());
        let groups = match all.get(&self.settings.groups_claim) {
            Some(Value::Array(groups)) => groups
                .iter()
                .take(MOST_GROUPS)
                .filter_map(|group| group.as_str().map(str::to_owned))
                .collect(),
            Some(Value::String(group)) => vec![group.clone()],
            _ => Vec::new(),
        };
        Told {
            subject: subject.to_owned(),
            display: text("name").unwrap_or_else(|| name.clone()),
            name,
            groups,
        }
    }
}

fn object(claims: &impl Serialize) -> Result<serde_json::Map<String, Value>, Problem> {
    match serde_json::to_value(claims).map_err(|error| Problem::internal(&error))? {
        Value::Object(all) => Ok(all),
        _ => Ok(serde_json::Map::new()),
    }
}

/// The portal's own way out: its proxies, its offline switch and its guard hold for the issuer as well.
fn ask(engine: &Engine) -> impl Fn(HttpRequest) -> Result<HttpResponse, AskError> + '_ {
    |request| {
        let method = Method::named(request.method().as_str()).ok_or(AskError::Method)?;
        let answer = engine.client().request(&Request {
            method,
            url: request.uri().to_string(),
            headers: request
                .headers()
                .iter()
                .filter_map(|(name, value)| {
                    Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
                })
                .collect(),
            body: request.body().clone(),
            limit: MOST,
            redirects: false,
            timeout: Some(PATIENCE),
        })?;
        let mut response = axum::http::Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        response.body(answer.body).map_err(AskError::Answer)
    }
}

/// Why the issuer could not be asked.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Net(#[from] NetError),
    #[error("the request has a method that is not sent")]
    Method,
    #[error("the answer is no HTTP")]
    Answer(#[source] axum::http::Error),
}

/// All that an error says, for the log.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

fn outside(label: &str, what: &str, error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(
        issuer = label,
        cause = causes(error),
        "sign-in with somebody else"
    );
    Problem::unavailable(format!("{label} {what}."))
        .hint("Try again in a moment. If it stays so, whoever runs this server finds the cause in its log.")
}

fn refused(label: &str, what: &str, error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::warn!(
        issuer = label,
        cause = causes(error),
        "sign-in with somebody else"
    );
    Problem::forbidden(format!("{label} {what}."))
        .hint("Begin again at `/sign-in`. If it stays so, whoever runs this server finds the cause in its log.")
}

fn untrue(label: &str, cause: &str) -> Problem {
    tracing::warn!(issuer = label, cause, "an ID token was not believed");
    Problem::forbidden(format!("What {label} said about you does not hold."))
        .hint("Begin again at `/sign-in`. If it stays so, whoever runs this server finds the cause in its log.")
}
