/** Whether a new access token is to be had, and what the provider says if not. */
import { isMailkeyError, type MailkeyError } from "../../errors.ts";
import { fillEntry } from "../../explain/fill.ts";
import { explainCode } from "../../explain/match.ts";
import { peerText } from "../../platform/text.ts";
import type { AccountCheck, AccountSubject, Finding } from "../check.ts";
import { askProvider, isJson, isWayOpen } from "../network.ts";
import { editLender, mailkeyLine, signInLine } from "../remedies.ts";
import { suspicionOf } from "../suspicion.ts";
import { clientAccountType } from "./client-account-type.ts";
import { clientDisabled } from "./client-disabled.ts";
import { clientSecret } from "./client-secret.ts";

/** Renewing may have taken most of the time that a check has. */
const SECOND_QUESTION_MS = 2000;

export const renewal: AccountCheck = {
  of: "credential",
  id: "renewal",
  title: "a new access token",
  worst: "error",
  async examine(subject) {
    const isSignedIn = (await subject.credential()) !== undefined;
    if (!isSignedIn && subject.account.grant === "sign_in") return []; // the check `credential` says why
    const answer = await subject.renewal();
    if (!isMailkeyError(answer)) return [];
    if (answer.code === "ERR_SIGN_IN_AGAIN") return await signInNeeded(subject, answer);
    if (answer.code === "ERR_CLIENT_REJECTED") return await clientRejected(subject, answer);
    if (answer.code === "ERR_PROVIDER_UNAVAILABLE") return await unavailable(subject, answer);
    if (answer.code === "ERR_LOCK_TIMEOUT") return [busy(answer)];
    return []; // the vault's and the files' own checks say what is wrong with them
  },
};

/** That nothing is stored is told by the check of the credential. */
async function signInNeeded(subject: AccountSubject, error: MailkeyError): Promise<Finding[]> {
  const credential = await subject.credential();
  if (credential === undefined) return [];
  const suspicion = suspicionOf(subject, credential);
  const why = suspicion?.means ?? reasonFor(subject, error);
  return [
    {
      severity: "error",
      seen: error.message,
      means: `No tokens can be had until somebody signs in again.${why === undefined ? "" : ` ${why}`}`,
      remedy: [signInLine(subject)],
      ...(suspicion === undefined ? {} : { advice: suspicion.advice, sources: suspicion.sources }),
    },
  ];
}

/** What the catalogue says about the provider's own code. */
function reasonFor({ account }: AccountSubject, error: MailkeyError): string | undefined {
  const code = error.details?.["vendorCode"];
  const entry = typeof code === "string" ? explainCode(code) : undefined;
  if (entry === undefined) return undefined;
  const { why } = fillEntry(entry, { address: account.address, clientId: account.client.id });
  return `The reason, ${entry.status === "unverified" ? "probably: " : ""}in other words: ${why}.`;
}

/** The checks of the client know more where they find something. */
async function clientRejected(subject: AccountSubject, error: MailkeyError): Promise<Finding[]> {
  const known: Finding[] = [];
  for (const check of [clientDisabled, clientAccountType, clientSecret]) known.push(...(await check.examine(subject)));
  if (known.length > 0) return [];
  if (error.details?.["error"] === "invalid_scope") {
    return [
      {
        severity: "error",
        seen: error.message,
        means: "What the account asks for was not granted when somebody signed in, or the provider does not know it.",
        remedy: [signInLine(subject)],
        advice: "If that is refused as well, correct [scopes] in the account's file, or delete them.",
      },
    ];
  }
  return [
    {
      severity: "error",
      seen: error.message,
      means:
        "The provider refuses the application (its client id or secret), not the person: signing in again does not help.",
      remedy: [editLender(subject)],
      advice: "Compare id and secret under [client] with the registration at the provider.",
    },
  ];
}

/** Only what the checks of the network do not say. */
async function unavailable({ machine, account }: AccountSubject, error: MailkeyError): Promise<Finding[]> {
  const { token } = account.provider.endpoints;
  if (token === undefined || !URL.canParse(token)) return [];
  const url = new URL(token);
  if (!(await isWayOpen(machine, url))) return [];
  const answer = await askProvider(machine, url, SECOND_QUESTION_MS);
  if (answer.kind !== "answered" || answer.status >= 500 || answer.status === 429) return [];
  if (!isJson(answer.contentType)) return [];
  return [
    {
      severity: "warning",
      seen: peerText(error.message, 300),
      means: "The provider answers, but gave no token this time. Nothing is lost; mailkey tries again by itself.",
      remedy: [mailkeyLine("test", account.address, "--force")],
    },
  ];
}

function busy(error: MailkeyError): Finding {
  return {
    severity: "warning",
    seen: error.message,
    means: "Some process holds the account's lock and does not go on: it may wait for a passphrase.",
    remedy: ["pgrep -al mailkey"],
    advice: "End it if it hangs.",
  };
}
