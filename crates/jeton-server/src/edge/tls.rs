//! TLS by rustls.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// Why a certificate cannot be used, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// A file cannot be read, or holds no PEM of the kind.
    #[error("{path}: {why}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The two do not fit together, or the key is of a kind that cannot sign.
    #[error("the certificate {cert} and the key {key} cannot be used together: {why}", cert = cert.display(), key = key.display())]
    Pair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        why: rustls::Error,
    },
}

/// The server's certificate, which can be re-read while it is in use.
pub struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("cert", &self.cert).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a PEM file with the certificate and its chain (the server's own first) and one with its private key
    /// (PKCS#8, PKCS#1 or SEC1). What it is used for then: HTTP/2 and HTTP/1.1 over TLS 1.3 and 1.2.
    pub fn read(cert: &Path, key: &Path) -> Result<Self, BadCertificate> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let current = Arc::new(Current(RwLock::new(read(cert, key, &provider)?)));
        let config = config(Arc::clone(&provider), Arc::clone(&current)).map_err(|why| BadCertificate::Pair {
            cert: cert.to_owned(),
            key: key.to_owned(),
            why,
        })?;
        Ok(Self { cert: cert.to_owned(), key: key.to_owned(), provider, current, config })
    }

    /// Reads the files again. New connections get the new certificate; where it cannot be used, the old one stays.
    pub fn reload(&self) -> Result<(), BadCertificate> {
        let new = read(&self.cert, &self.key, &self.provider)?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

fn config(provider: Arc<CryptoProvider>, current: Arc<Current>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(current);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificate that the next handshake shows.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, BadCertificate> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| file(cert, error, "certificate"))?;
    if chain.is_empty() {
        return Err(file(cert, pem::Error::NoItemsFound, "certificate"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| file(key, error, "private key"))?;
    let pair = CertifiedKey::from_der(chain, private, provider).map_err(|why| BadCertificate::Pair {
        cert: cert.to_owned(),
        key: key.to_owned(),
        why,
    })?;
    Ok(Arc::new(pair))
}

fn file(path: &Path, error: pem::Error, what: &str) -> BadCertificate {
    let why = match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => format!("there is no {what} in PEM form in it"),
        other => format!("no {what} in PEM form: {other}"),
    };
    BadCertificate::File { path: path.to_owned(), why }
}
