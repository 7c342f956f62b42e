//! The second factor: codes that change with time ([RFC 6238](https://www.rfc-editor.org/rfc/rfc6238)), with SHA-1, six
//! digits and steps of 30 seconds, which every authenticator app knows.

use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::secret;
use crate::http::Problem;
use crate::seal;

/// Seconds of a step.
pub const STEP: u64 = 30;
/// Recovery codes that are given out together.
pub const RECOVERY_CODES: usize = 10;

fn totp(secret: Secret) -> Option<Totp> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(STEP)
        .with_secret(secret)
        .build()
        .ok()
}

/// A new secret, in base32 as authenticator apps take it.
pub fn new_secret() -> Result<String, Problem> {
    let bytes: [u8; 20] = seal::random().map_err(|error| Problem::internal(&error))?;
    Ok(Secret::new_stack(bytes).to_base32())
}

/// The time step to which a code belongs: the present one, or one before or after it.
pub fn step(secret: &str, code: &str, now: i64) -> Option<i64> {
    let digits: String = code
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let totp = totp(Secret::try_from_base32(secret).ok()?)?;
    let step = totp.check(&digits, u64::try_from(now).ok()?)?;
    i64::try_from(step).ok()
}

/// The code at a time, for tests and for whoever has the secret.
pub fn code(secret: &str, now: i64) -> Option<String> {
    let totp = totp(Secret::try_from_base32(secret).ok()?)?;
    Some(totp.generate(u64::try_from(now).ok()?).to_string())
}

/// The address that authenticator apps read, from a QR code or by a click.
pub fn address(secret: &str, name: &str) -> String {
    let mut label = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            label.push(char::from(byte));
        } else {
            use std::fmt::Write;
            // Writing to a text cannot fail.
            let _ = write!(label, "%{byte:02X}");
        }
    }
    format!("otpauth://totp/Stanchion:{label}?secret={secret}&issuer=Stanchion")
}

/// New recovery codes.
pub fn recovery_codes() -> Result<Vec<String>, Problem> {
    (0..RECOVERY_CODES).map(|_| secret::typed()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B: the ASCII text 12345678901234567890, the last six digits.
        let secret = Secret::new_stack(*b"12345678901234567890").to_base32();
        for (at, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(&secret, at).as_deref(), Some(expected));
            assert_eq!(step(&secret, expected, at), Some(at / 30));
            assert_eq!(step(&secret, expected, at + 30), Some(at / 30));
            assert_eq!(step(&secret, expected, at + 90), None);
        }
        for bad in ["", "28708", "2870820", "28708a", "٢٨٧٠٨٢"] {
            assert_eq!(step(&secret, bad, 59), None, "{bad}");
        }
        assert_eq!(
            address("ABC", "ann@a"),
            "otpauth://totp/Stanchion:ann%40a?secret=ABC&issuer=Stanchion"
        );
    }
}
