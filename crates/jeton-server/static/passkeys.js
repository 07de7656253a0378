// Asks a passkey or security key what the page wants to know (W3C Web Authentication), and sends its answer with the form
// that the button belongs to. Without this file the pages offer codes instead.

const fromText = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The options that stand on the page, or are asked for now, with bytes where the browser wants bytes. */
async function optionsOf({ dataset }) {
  const options = dataset.options ? JSON.parse(dataset.options) : await (await fetch(dataset.optionsFrom)).json();
  const keys = (list) => list?.map((key) => ({ ...key, id: fromText(key.id) }));
  options.challenge = fromText(options.challenge);
  if (options.user) options.user.id = fromText(options.user.id);
  if (options.excludeCredentials) options.excludeCredentials = keys(options.excludeCredentials);
  if (options.allowCredentials) options.allowCredentials = keys(options.allowCredentials);
  return options;
}

/** What the server reads of a new key: the browser has taken it apart already. */
const described = ({ rawId, response }) => ({
  id: toText(rawId),
  clientDataJSON: toText(response.clientDataJSON),
  authenticatorData: toText(response.getAuthenticatorData()),
  publicKey: toText(response.getPublicKey()),
  publicKeyAlgorithm: response.getPublicKeyAlgorithm(),
  transports: response.getTransports(),
});

/** What the server reads of a key's proof. */
const proven = ({ rawId, response }) => ({
  id: toText(rawId),
  clientDataJSON: toText(response.clientDataJSON),
  authenticatorData: toText(response.authenticatorData),
  signature: toText(response.signature),
  userHandle: response.userHandle ? toText(response.userHandle) : null,
});

let waiting = null;

/** Asks the key, and sends the form. */
async function ask(button, how = {}) {
  waiting?.abort();
  waiting = new AbortController();
  const { signal } = waiting;
  const publicKey = await optionsOf(button);
  const creates = button.dataset.passkey === "create";
  const answer = creates
    ? described(await navigator.credentials.create({ publicKey, signal }))
    : proven(await navigator.credentials.get({ publicKey, signal, ...how }));
  const field = document.getElementById(button.dataset.answer);
  field.value = JSON.stringify(answer);
  field.form.submit();
}

/** Says below the field why nothing came of it. */
function complain(button, error) {
  const place = button.form.querySelector("[data-passkey-problem]");
  place.textContent = error.name === "InvalidStateError"
    ? "This key is registered already."
    : "Nothing came from a key: it was cancelled, it took too long, or none fits.";
  place.hidden = false;
}

function enable(button) {
  button.hidden = false;
  const missing = button.form.querySelector("[data-passkey-missing]");
  if (missing) missing.hidden = true;
  button.addEventListener("click", async () => {
    const field = button.dataset.passkey === "create" ? button.form.elements["passkey[name]"] : null;
    if (field && !field.reportValidity()) return;
    try {
      await ask(button);
    } catch (error) {
      complain(button, error);
    }
  });
}

/** Offers passkeys among what the browser fills into the field for the name. */
async function offerInField(button) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  try {
    await ask(button, { mediation: "conditional" });
  } catch {
    // Given up: for the button, or because the page was left.
  }
}

if (window.PublicKeyCredential && AuthenticatorAttestationResponse.prototype.getPublicKey) {
  for (const button of document.querySelectorAll("button[data-passkey]")) {
    enable(button);
    if ("inField" in button.dataset) offerInField(button);
  }
}
