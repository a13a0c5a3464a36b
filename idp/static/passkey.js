// Passkeys need a script: it asks the browser for an answer to the form's options and sends the form with it.
// Where the browser can't, the forms stay hidden and the page says so.
"use strict";

const bytes = (text) => {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - (text.length % 4)) % 4);
  return Uint8Array.from(atob(padded), (sign) => sign.charCodeAt(0));
};

const text = (buffer) => {
  let signs = "";
  for (const byte of new Uint8Array(buffer)) signs += String.fromCharCode(byte);
  return btoa(signs).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};

const listed = (credentials) => (credentials || []).map((each) => ({ ...each, id: bytes(each.id) }));

const made = async (options) => {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    },
  });
  const response = credential.response;
  return {
    clientDataJSON: text(response.clientDataJSON),
    attestationObject: text(response.attestationObject),
    transports: response.getTransports ? response.getTransports() : [],
    of: credential,
  };
};

const answered = async (options) => {
  const credential = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials) },
  });
  const response = credential.response;
  return {
    clientDataJSON: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: response.userHandle ? text(response.userHandle) : null,
    of: credential,
  };
};

const send = async (form) => {
  const failed = form.querySelector("[data-passkey-failed]");
  const button = form.querySelector("button");
  failed.hidden = true;
  button.disabled = true;
  try {
    const ceremony = form.dataset.passkey === "create" ? made : answered;
    const { of, ...response } = await ceremony(JSON.parse(form.dataset.options));
    const credential = { id: of.id, rawId: text(of.rawId), type: of.type, response };
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch {
    failed.hidden = false;
    button.disabled = false;
  }
};

if (window.PublicKeyCredential && navigator.credentials) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (form.reportValidity()) send(form);
    });
  }
  for (const note of document.querySelectorAll("[data-passkey-unsupported]")) note.hidden = true;
}
