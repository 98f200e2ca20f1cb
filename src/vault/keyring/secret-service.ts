/**
 * The Secret Service (GNOME Keyring, KWallet, KeePassXC) through `secret-tool` of libsecret. The secret travels through
 * pipes.
 *
 * secret-tool has no exit statuses of its own: its English words are the only way to tell failures apart, hence LC_ALL.
 *
 * @see https://specifications.freedesktop.org/secret-service/latest/
 */
import { existsSync } from "node:fs";
import { MailkeyError, type ErrorCode } from "../../errors.ts";
import type { Environment } from "../../platform/paths.ts";
import { run, type RunResult } from "../../platform/process.ts";
import { Secret } from "../../platform/secret.ts";
import { peerText } from "../../platform/text.ts";
import { ITEM, KEYRING_TIMEOUT_MS, type KeyringBackend } from "./backend.ts";

const PROGRAM = "secret-tool";
const ATTRIBUTES = ["application", ITEM.service, "type", ITEM.account];
const ELSEWHERE = "mailkey vault move age (works without a session)";

interface Explanation {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
}

const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern: /locked (collection|object)|prompt.*dismissed/i,
    code: "ERR_VAULT_LOCKED",
    reason: "locked",
    message: "the keyring is locked and nobody could be asked to unlock it",
    hint: `log in to the desktop or unlock it in its program (seahorse, kwalletmanager), or ${ELSEWHERE}`,
  },
  {
    pattern: /does not exist at path|no such collection/i,
    code: "ERR_VAULT_UNUSABLE",
    reason: "no_collection",
    message: "the keyring has no default collection yet",
    hint: `create one in seahorse or kwalletmanager, or ${ELSEWHERE}`,
  },
  {
    pattern: /not provided by any|ServiceUnknown|no such interface/i,
    code: "ERR_VAULT_UNUSABLE",
    reason: "no_service",
    message: "no keyring program answers on the session bus",
    hint: `install one (Debian, Ubuntu: apt install gnome-keyring), or ${ELSEWHERE}`,
  },
  {
    pattern: /autolaunch|could not connect|cannot connect|connection refused/i,
    code: "ERR_VAULT_UNUSABLE",
    reason: "no_bus",
    message: "there is no session bus to reach the keyring on (cron, ssh and systemd system units have none)",
    hint: `log in to the desktop, or ${ELSEWHERE}`,
  },
];

/** @param isSilent never makes the keyring's program ask for its password */
export function secretService(env: Environment, isSilent = false): KeyringBackend {
  const call = (args: readonly string[], input?: string) => secretTool(env, args, input);
  return {
    name: "Secret Service",
    async get() {
      if (isSilent) return searched(await call(["search", ...ATTRIBUTES]));
      const found = await call(["lookup", ...ATTRIBUTES]);
      const value = new TextDecoder().decode(found.stdout).trim();
      if (found.status === 0 && value !== "") return new Secret(value);
      if (found.stderr.trim() !== "") throw explain(found.stderr);
      // A locked item and a missing one look alike to `lookup`; `search` shows the locked one without its secret.
      const search = await call(["search", ...ATTRIBUTES]);
      if (search.stdout.length > 0) throw explain("locked object");
      if (search.status !== 0 && search.stderr.trim() !== "") throw explain(search.stderr);
      return undefined;
    },
    async set(value) {
      const stored = await call(["store", `--label=${ITEM.label}`, ...ATTRIBUTES], value.reveal());
      if (stored.status !== 0) throw explain(stored.stderr);
    },
  };
}

/** `search` unlocks nothing: of a locked item it shows all but the secret. */
function searched({ stdout, stderr, status }: RunResult): Secret | undefined {
  const text = new TextDecoder().decode(stdout);
  const secret = /^secret = (.+)$/m.exec(text)?.[1];
  if (secret !== undefined) return new Secret(secret);
  if (text !== "") throw needsPerson();
  if (status !== 0 && stderr.trim() !== "") throw explain(stderr);
  return undefined;
}

function needsPerson(): MailkeyError {
  return new MailkeyError("ERR_VAULT_LOCKED", "the keyring is locked", {
    hint: "mailkey agent unlock",
    details: { reason: "needs_person" },
  });
}

async function secretTool(env: Environment, args: readonly string[], input: string | undefined): Promise<RunResult> {
  try {
    return await run(PROGRAM, args, {
      ...(input === undefined ? {} : { input }),
      env: { ...withSessionBus(env), LC_ALL: "C" },
      timeoutMs: KEYRING_TIMEOUT_MS,
    });
  } catch (cause) {
    if (!(cause instanceof MailkeyError)) throw cause;
    if (cause.details?.["missing"] === true) {
      throw new MailkeyError("ERR_VAULT_UNUSABLE", `${PROGRAM} is not installed`, {
        cause,
        hint: "install it (Debian, Ubuntu: apt install libsecret-tools; Fedora: libsecret), or: mailkey vault init age",
        details: { reason: "program_missing" },
      });
    }
    throw new MailkeyError("ERR_VAULT_LOCKED", "nobody answered the keyring's prompt in time", {
      cause,
      hint: "unlock the keyring and run the command again",
      details: { reason: "timeout" },
    });
  }
}

/** Cron knows neither the bus nor the runtime folder; with systemd the bus is in a known place while the user is logged in. */
function withSessionBus(env: Environment): Environment {
  if ((env["DBUS_SESSION_BUS_ADDRESS"] ?? "") !== "" || (env["XDG_RUNTIME_DIR"] ?? "") !== "") return env;
  const socket = `/run/user/${process.getuid?.() ?? ""}/bus`;
  return existsSync(socket) ? { ...env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${socket}` } : env;
}

function explain(words: string): MailkeyError {
  const known = EXPLANATIONS.find(({ pattern }) => pattern.test(words));
  if (known !== undefined)
    return new MailkeyError(known.code, known.message, { hint: known.hint, details: { reason: known.reason } });
  return new MailkeyError("ERR_VAULT_UNUSABLE", `the keyring refuses: ${peerText(words, 200) || "it said nothing"}`, {
    hint: ELSEWHERE,
    details: { reason: "other" },
  });
}
