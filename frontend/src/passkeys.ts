// Passkeys: a form marked data-passkey asks the browser for a credential, and is then sent with it.
// Everything binary travels as base64url, as in the WebAuthn JSON of browsers that can do it by themselves.

type Options = Record<string, any>;

function toBytes(text: string): ArrayBuffer {
  const plain = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(plain), (sign) => sign.charCodeAt(0)).buffer;
}

function toText(bytes: ArrayBuffer | null): string | undefined {
  if (!bytes) return undefined;
  const signs = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(signs).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function described(list: Options[] | undefined): PublicKeyCredentialDescriptor[] | undefined {
  return list?.map((one) => ({ ...one, id: toBytes(one.id) }) as PublicKeyCredentialDescriptor);
}

async function create(options: Options): Promise<object> {
  const key = options.publicKey;
  const publicKey = {
    ...key,
    challenge: toBytes(key.challenge),
    user: { ...key.user, id: toBytes(key.user.id) },
    excludeCredentials: described(key.excludeCredentials),
  } as PublicKeyCredentialCreationOptions;
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    ...common(made),
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      attestationObject: toText(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

async function get(options: Options): Promise<object> {
  const key = options.publicKey;
  const publicKey = {
    ...key,
    challenge: toBytes(key.challenge),
    allowCredentials: described(key.allowCredentials),
  } as PublicKeyCredentialRequestOptions;
  const found = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  const response = found.response as AuthenticatorAssertionResponse;
  return {
    ...common(found),
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.authenticatorData),
      signature: toText(response.signature),
      userHandle: toText(response.userHandle),
    },
  };
}

function common(credential: PublicKeyCredential): object {
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

/** From the page where it has them, else asked for now: those of the sign-in page would be old before they are used. */
async function optionsOf(form: HTMLFormElement): Promise<Options> {
  const { options, optionsUrl } = form.dataset;
  if (options) return JSON.parse(document.getElementById(options)?.textContent ?? "");
  const answer = await fetch(optionsUrl ?? "", { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).request_options;
}

/** Show one of the form's notes, and none of the others. */
function tell(form: HTMLFormElement, note: string): void {
  form.querySelectorAll<HTMLElement>("[data-passkey-note]").forEach((one) => {
    one.hidden = one.dataset.passkeyNote !== note;
  });
}

async function ask(form: HTMLFormElement): Promise<void> {
  const button = form.querySelector("button");
  const field = form.querySelector<HTMLInputElement>("input[name=credential]");
  if (!button || !field) return;
  button.disabled = true;
  tell(form, "");
  try {
    const options = await optionsOf(form);
    field.value = JSON.stringify(form.dataset.passkey === "create" ? await create(options) : await get(options));
    form.submit();
  } catch (problem) {
    tell(form, problem instanceof DOMException && problem.name === "InvalidStateError" ? "known" : "refused");
  } finally {
    button.disabled = false;
  }
}

const supported = window.isSecureContext && "credentials" in navigator && "PublicKeyCredential" in window;

document.querySelectorAll<HTMLFormElement>("form[data-passkey]").forEach((form) => {
  if (!supported) {
    tell(form, "unsupported");
    form.querySelector("button")?.setAttribute("disabled", "");
    return;
  }
  form.toggleAttribute("hidden", false);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void ask(form);
  });
});
