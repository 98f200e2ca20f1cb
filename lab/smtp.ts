/**
 * Submission without Dovecot, for machines where it cannot be installed: npm's smtp-server with STARTTLS and XOAUTH2. It asks the
 * authorization server about each token as Dovecot does, and insists on the scope and the user. It also takes tokens of any
 * length, which Dovecot 2.3 does not (`500 Line too long`).
 */
import { request } from "node:https";
import { callbackify } from "node:util";
import { SMTPServer, type SMTPServerAuthentication } from "smtp-server";
import type { CertificateSet } from "./certificates.ts";
import { close, type Deliver, listen, readAll, receive, type Relay } from "./delivery.ts";
import { MAIL_SCOPES, MAIL_SERVER_CLIENT_ID, MAIL_SERVER_CLIENT_SECRET } from "./registrations.ts";

export interface SubmissionOptions {
  readonly certificates: CertificateSet;
  readonly introspectionEndpoint: string;
  readonly deliver: Deliver;
}

/** What RFC 7662 says of a token; only the members that matter here. */
interface Introspection {
  readonly active: boolean;
  readonly sub?: string;
  readonly scope?: string;
}

export async function startSubmission(options: SubmissionOptions): Promise<Relay> {
  const { certificates, deliver } = options;
  const answerLogin = callbackify(async ({ username = "", accessToken = "" }: SMTPServerAuthentication) => {
    const token = await introspect(options, accessToken, username);
    if (isGood(token, username)) return { user: username };
    return { data: { status: "400", schemes: "Bearer", scope: MAIL_SCOPES.smtp } };
  });
  const server = new SMTPServer({
    authMethods: ["XOAUTH2"],
    cert: certificates.certificatePem,
    key: certificates.keyPem,
    disableReverseLookup: true,
    logger: false,
    onAuth(auth, _session, callback) {
      answerLogin(auth, callback);
    },
    onData: receive(deliver),
  });
  return { port: await listen(server), stop: () => close(server) };
}

/** As Dovecot: the token lives, is the user's, and was given for sending. */
function isGood(token: Introspection, username: string): boolean {
  return (
    token.active &&
    token.sub?.toLowerCase() === username.toLowerCase() &&
    (token.scope ?? "").split(" ").includes(MAIL_SCOPES.smtp)
  );
}

function introspect(options: SubmissionOptions, token: string, mailbox: string): Promise<Introspection> {
  const endpoint = new URL(options.introspectionEndpoint);
  endpoint.searchParams.set("mailbox", mailbox);
  return new Promise((resolve, reject) => {
    const sent = request(endpoint, {
      method: "POST",
      agent: false,
      ca: options.certificates.caPem,
      auth: `${MAIL_SERVER_CLIENT_ID}:${MAIL_SERVER_CLIENT_SECRET}`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      readAll(response).then((body) => resolve(JSON.parse(body) as Introspection), reject);
    });
    sent.end(new URLSearchParams({ token }).toString());
  });
}
