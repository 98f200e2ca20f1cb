/**
 * The pages a person sees while signing in: who are you, do you agree. Any address and any password do.
 * Plain forms without scripts, so that both a browser and `browser.ts` can fill them in.
 */
import type { Context, Provider } from "oidc-provider";

const BODY_LIMIT_BYTES = 16 * 1024;

/** Answers `/interaction/…`, where the authorization server sends people. @returns false when it is another path */
export async function answerSignInPage(provider: Provider, context: Context): Promise<boolean> {
  if (!context.path.startsWith("/interaction/")) return false;
  const { req, res } = context;
  const details = await provider.interactionDetails(req, res);
  if (context.method !== "POST") {
    const client = await provider.Client.find(String(details.params["client_id"]));
    const name = client?.clientName ?? "An application";
    context.type = "html";
    context.body =
      details.prompt.name === "login"
        ? loginPage(details.params["login_hint"])
        : consentPage(name, details.params["scope"]);
    return true;
  }
  const form = new URLSearchParams(await readBody(req));
  if (form.has("cancel")) {
    await finish({ error: "access_denied", error_description: "the user canceled the authentication" });
  } else if (details.prompt.name === "login") {
    await finish({ login: { accountId: (form.get("login") ?? "").trim() } });
  } else {
    await finish({ consent: { grantId: await grantAll() } });
  }
  return true;

  async function grantAll(): Promise<string> {
    const existing = details.grantId === undefined ? undefined : await provider.Grant.find(details.grantId);
    const grant =
      existing ??
      new provider.Grant({
        accountId: details.session?.accountId ?? "",
        clientId: String(details.params["client_id"]),
      });
    const { missingOIDCScope, missingOIDCClaims } = details.prompt.details;
    if (missingOIDCScope !== undefined) grant.addOIDCScope(missingOIDCScope.join(" "));
    if (missingOIDCClaims !== undefined) grant.addOIDCClaims(missingOIDCClaims);
    return grant.save();
  }

  function finish(result: Readonly<Record<string, unknown>>): Promise<void> {
    return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: "consent" in result });
  }
}

/** A whole page around `content`, which is HTML. */
export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<style>body{font:1rem/1.5 sans-serif;max-width:26rem;margin:4rem auto}input{font:inherit;margin:.3rem 0}</style></head>
<body><h1>${title}</h1>
${content}
</body></html>
`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function loginPage(hint: unknown): string {
  const value = typeof hint === "string" ? escapeHtml(hint) : "";
  return page(
    "Sign in",
    `<form method="post">
<p><input type="text" name="login" value="${value}" placeholder="E-mail address" required autofocus></p>
<p><input type="password" name="password" placeholder="Any password"></p>
<p><button type="submit">Next</button></p></form>
<form method="post"><input type="hidden" name="cancel" value="1"><button type="submit">Cancel</button></form>`,
  );
}

function consentPage(client: string, scope: unknown): string {
  const scopes = typeof scope === "string" ? scope.split(" ") : [];
  return page(
    "Permissions requested",
    `<p><strong>${escapeHtml(client)}</strong> would like to:</p>
<ul>${scopes.map((one) => `<li>${escapeHtml(one)}</li>`).join("")}</ul>
<form method="post"><input type="hidden" name="consent" value="1"><button type="submit">Accept</button></form>
<form method="post"><input type="hidden" name="cancel" value="1"><button type="submit">Cancel</button></form>`,
  );
}

async function readBody(request: NodeJS.ReadableStream): Promise<string> {
  let body = "";
  for await (const chunk of request) {
    body += chunk.toString();
    if (body.length > BODY_LIMIT_BYTES) throw new RangeError("the form is too large");
  }
  return body;
}
