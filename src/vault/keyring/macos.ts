/**
 * The macOS Keychain through `security`. What is stored goes in through standard input (`security -i`), never as an argument.
 *
 * The item belongs to `/usr/bin/security`: whatever runs as the user can read it through that program while the keychain is
 * unlocked.
 */
import { MailkeyError, type ErrorCode } from "../../errors.ts";
import type { Environment } from "../../platform/paths.ts";
import { run, type RunResult } from "../../platform/process.ts";
import { Secret } from "../../platform/secret.ts";
import { peerText } from "../../platform/text.ts";
import { ITEM, KEYRING_TIMEOUT_MS, type KeyringBackend } from "./backend.ts";

/** By full path: a keychain is not to be asked for through whatever is first on the PATH. */
const PROGRAM = "/usr/bin/security";
/** `security` ends with the low byte of the OSStatus: errSecItemNotFound, errSecInteractionNotAllowed, errSecAuthFailed. */
const NOT_FOUND = 44;
const INTERACTION_NOT_ALLOWED = 36;
const AUTH_FAILED = 51;
const USER_CANCELLED = 128;

/** @param program replaced in tests */
export function macosKeychain(env: Environment, program: string = PROGRAM): KeyringBackend {
  return {
    name: "macOS Keychain",
    async get() {
      const args = ["find-generic-password", "-s", ITEM.service, "-a", ITEM.account, "-w"];
      const found = await run(program, args, { env, timeoutMs: KEYRING_TIMEOUT_MS });
      if (found.status === NOT_FOUND) return undefined;
      if (found.status !== 0) throw explain(found);
      return new Secret(new TextDecoder().decode(found.stdout).trim());
    },
    async set(value) {
      const secret = value.reveal();
      // The line is parsed by `security`: only what needs no quoting may go into it.
      if (!/^[A-Z0-9-]+$/.test(secret)) throw new RangeError("not an age identity");
      const line = `add-generic-password -U -s ${ITEM.service} -a ${ITEM.account} -l "${ITEM.label}" -w ${secret}\n`;
      const stored = await run(program, ["-i"], { input: line, env, timeoutMs: KEYRING_TIMEOUT_MS });
      if (stored.status !== 0) throw explain(stored);
    },
  };
}

function explain({ status, stderr }: RunResult): MailkeyError {
  const locked = status === INTERACTION_NOT_ALLOWED || status === AUTH_FAILED || status === USER_CANCELLED;
  const code: ErrorCode = locked ? "ERR_VAULT_LOCKED" : "ERR_VAULT_UNUSABLE";
  const message = locked
    ? "the keychain is locked, and nobody could be asked to unlock it"
    : `the keychain refuses: ${peerText(stderr, 200) || `status ${status}`}`;
  return new MailkeyError(code, message, {
    hint: locked ? "security unlock-keychain, or mailkey vault move age (works unattended)" : "mailkey vault move age",
    details: { reason: locked ? "locked" : "other", status },
  });
}
