/** Which mailbox a user name selects: all that the proxy has to know of an account. Nothing secret. */
import type { HintOptions } from "../mail/explain-login.ts";
import type { MailProtocol, ServerAddress } from "../mail/report.ts";
import type { MechanismName } from "../sasl/mechanism.ts";

export interface Mailbox {
  /** Normalised. */
  readonly address: string;
  /** Whose token opens it: the address that the agent is asked for. Another one's for a mailbox that a catch-all account opens. */
  readonly account: string;
  /** The SASL user name. */
  readonly user: string;
  readonly servers: { readonly [P in MailProtocol]?: ServerAddress };
  /** Preferred first. */
  readonly mechanisms: { readonly [P in MailProtocol]?: readonly MechanismName[] };
  /** What an explanation of a refusal takes into account. */
  readonly about?: HintOptions;
  /** The resource whose token the protocol's server wants. */
  readonly resources: { readonly [P in MailProtocol]?: string };
}

export interface Mailboxes {
  /** @returns undefined when there is none of that name. @throws ERR_CONFIG and its kind when there is, and its files are no good */
  find(user: string): Promise<Mailbox | undefined>;
  /** All that have an account file of their own and can be used. */
  all(): Promise<readonly Mailbox[]>;
}
