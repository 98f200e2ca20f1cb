/** From a user's name and password to a connection that is logged in at the mailbox's server. Nothing is opened before the password was right. */
import { isMailkeyError } from "../../errors.ts";
import type { LoginOutcome, Observer, SessionFacts } from "../event.ts";
import type { Login } from "../front/front.ts";
import type { Mailbox, Mailboxes } from "../mailboxes.ts";
import type { Passwords } from "../passwords/passwords.ts";
import type { Refusal } from "../refusal.ts";
import type { Opened, Upstream } from "../upstream/upstream.ts";
import type { Place } from "./places.ts";

export interface OpeningPorts {
  readonly facts: SessionFacts;
  readonly place: Place;
  readonly passwords: Passwords;
  readonly mailboxes: Mailboxes;
  readonly upstream: Upstream;
  readonly observe: Observer;
}

/**
 * Tells the observer what came of it.
 *
 * @param signal the client has gone
 * @param identified told who it is, once the password was right
 */
export async function openMailbox(
  login: Login,
  { facts, place, passwords, mailboxes, upstream, observe }: OpeningPorts,
  signal: AbortSignal,
  identified: (facts: SessionFacts) => void,
): Promise<Opened | Refusal> {
  let session = facts;
  const tell = (outcome: LoginOutcome, refusal?: Refusal, sinceMs?: number) => {
    const reason = refusal !== undefined && "words" in refusal ? refusal.words : undefined;
    const upstreamSeconds = sinceMs === undefined ? undefined : (performance.now() - sinceMs) / 1000;
    observe({ kind: "login", session, outcome, reason, upstreamSeconds });
  };
  const refused = (refusal: Refusal, sinceMs?: number): Refusal => {
    tell(refusal.kind, refusal, sinceMs);
    return refusal;
  };
  const gone = (sinceMs?: number): Refusal => {
    tell("gone", undefined, sinceMs);
    return { kind: "unavailable", words: "gone" }; // nobody hears it
  };

  const { user = "", password, clientName } = login;
  if (password === undefined) return refused({ kind: "password" });
  const verdict = await passwords.verify(user, password, facts.peer);
  if (verdict.kind === "wrong") return refused({ kind: "password" });
  if (verdict.kind !== "right") return refused(verdict);
  const mailbox = await mailboxOf(user, mailboxes);
  if ("kind" in mailbox) return refused(mailbox);
  session = { ...facts, address: mailbox.address, device: verdict.device };
  identified(session);
  if (signal.aborted) return gone();
  if (!place.take(mailbox.address)) return refused({ kind: "sessions" });
  const sinceMs = performance.now();
  try {
    const opened = await upstream.open({ protocol: facts.protocol, mailbox, clientName, signal });
    if ("kind" in opened) return refused(opened, sinceMs);
    tell("good", undefined, sinceMs);
    return opened;
  } catch (error) {
    if (!signal.aborted) throw error;
    return gone(sinceMs);
  }
}

async function mailboxOf(user: string, mailboxes: Mailboxes): Promise<Mailbox | Refusal> {
  try {
    const mailbox = await mailboxes.find(user);
    return mailbox ?? { kind: "needed", words: "there is no such account any more", hint: "mailkey list" };
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    return { kind: "needed", words: error.message, hint: error.hint };
  }
}
