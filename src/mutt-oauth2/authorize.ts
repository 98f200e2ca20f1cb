/** `--authorize`: makes a new token file, and signs in for one. The flows are `signin/`'s; what is stored is the script's. */
import { scopesOf } from "../accounts/resolve.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import { acquireLock } from "../platform/lock.ts";
import { defaultClient, findClient, refuseDisabledClient } from "../providers/registry.ts";
import type { Flow } from "../signin/choose.ts";
import { signIn } from "../signin/sign-in.ts";
import type { FrontEndPorts, Task } from "./front-end.ts";
import { loadRegistration, REGISTRATION_NAMES, type Registration } from "./registrations.ts";
import { clientOf, tokenFileLockPath } from "./renewal.ts";
import { showEvent } from "./sign-in-words.ts";
import { newFields, readTokenFile, withTokens, writeTokenFile, type TokenFile } from "./token-file.ts";

const FLOWS: Readonly<Record<string, Flow>> = {
  authcode: "paste",
  localhostauthcode: "loopback",
  devicecode: "device",
};

/** What people register by the script's instructions. Google has withdrawn its out-of-band redirect; a loopback one can be copied as well. */
const USUAL_REDIRECTS: Readonly<Record<string, readonly string[]>> = {
  microsoft: ["https://login.microsoftonline.com/common/oauth2/nativeclient", "http://localhost"],
  google: ["http://localhost"],
};

/** Long enough for a renewal in progress to end by itself. */
const LOCK_WAIT_MS = 90_000;

/**
 * A new token file, from flags and questions. They are asked in the script's order, for answers that come through a pipe.
 *
 * @throws ERR_CLIENT_REJECTED for a client that is known not to work
 */
export async function createTokenFile({ args, settings, ports }: Task): Promise<TokenFile> {
  const { ask } = ports;
  const names = REGISTRATION_NAMES.join(", ");
  const registration = args.provider ?? (await ask(`Registration (${names}): `));
  const { provider } = await loadRegistration(registration);
  const authflow = args.authflow ?? (await ask(`How to sign in (${Object.keys(FLOWS).join(", ")}): `));
  flowNamed(authflow);
  const email = args.email ?? (await ask("E-mail address: "));
  const given = settings.clientFor(registration);
  const preset = defaultClient(provider);
  const usual = preset === undefined ? "" : ` (empty for ${preset.name}'s)`;
  const typed = given?.id ?? (await ask(`Client ID${usual}: `));
  const id = typed === "" ? (preset?.id ?? "") : typed;
  if (id === "") throw new MailkeyError("ERR_CONFIG", `${provider.name} needs a client id`, { hint: "--client-id ID" });
  await refuseDisabledClient(id);
  const secret = args.clientSecret ?? given?.secret?.reveal() ?? (await ask("Client secret (empty for none): "));
  const fields = newFields({ registration, authflow, email, client_id: id, client_secret: secret });
  return writeTokenFile(args.tokenFile, fields, settings.pipes);
}

/** Signs in, and writes what was granted into the token file. @throws what `signIn` throws, and the pipes' errors */
export async function authorize(
  { args, settings, ports }: Task,
  file: TokenFile,
  { provider }: Registration,
): Promise<TokenFile> {
  const client = clientOf(file, settings.clientFor(file.registration));
  await refuseDisabledClient(client.id);
  const preset = findClient(provider, client.id);
  const signedIn = await signInWith(
    {
      server: provider,
      client,
      providerName: provider.name,
      clientName: preset?.name ?? client.id,
      redirectUris: preset?.redirectUris ?? USUAL_REDIRECTS[provider.id] ?? [],
      deviceFlow: preset?.deviceFlow,
      scopes: [...new Set([...provider.signInScopes, ...scopesOf(provider.resources[0])])],
      parameters: provider.authorizationParameters,
      login: file.email,
      flow: flowNamed(args.authflow ?? file.authflow),
    },
    ports,
  );
  const lock = await acquireLock(tokenFileLockPath(ports.paths, file.path), {
    timeoutMs: LOCK_WAIT_MS,
    clock: ports.clock,
    signal: ports.signal,
  });
  try {
    const present = (await readTokenFile(file.path, settings.pipes)) ?? file;
    const { grant, obtainedAt } = signedIn;
    const fields = withTokens(present.fields, { ...grant, obtainedAt, lifetimeSeconds: grant.expiresInSeconds });
    const secret = client.secret?.reveal() ?? "";
    return await writeTokenFile(file.path, { ...fields, client_id: client.id, client_secret: secret }, settings.pipes);
  } finally {
    lock.release();
  }
}

function flowNamed(name: string): Flow {
  const flow = Object.hasOwn(FLOWS, name) ? FLOWS[name] : undefined;
  if (flow !== undefined) return flow;
  throw new MailkeyError("ERR_CONFIG", `there is no flow ${JSON.stringify(name).slice(0, 60)}`, {
    hint: `--authflow ${Object.keys(FLOWS).join(" | ")}`,
  });
}

async function signInWith(request: Parameters<typeof signIn>[0], ports: FrontEndPorts): ReturnType<typeof signIn> {
  try {
    return await signIn(request, {
      fetch: ports.createFetch(ports.config.timeoutMs),
      clock: ports.clock,
      env: ports.env,
      platform: process.platform,
      signal: ports.signal ?? new AbortController().signal,
      browser: ports.browser,
      tell: (event) => showEvent(event, ports.stderr),
      readLine: () => answerOrNothing(ports),
    });
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    const hint = error.code === "ERR_WRONG_USER" ? sharedMailboxHint(request.login) : scriptFlags(error.hint);
    throw new MailkeyError(error.code, error.message, { cause: error, hint, details: error.details ?? {} });
  }
}

function sharedMailboxHint(login: string): string {
  return `sign in as ${login}, in a private window if need be; for a mailbox that is shared with you, make the token file for your own address and give the mailbox with --email`;
}

/** A hint of `signin/`, with the script's names for the flows. */
function scriptFlags(hint: string | undefined): string | undefined {
  return hint?.replace(/--flow (\w+)/g, (whole, flow: string) => {
    const name = Object.keys(FLOWS).find((candidate) => FLOWS[candidate] === flow);
    return name === undefined ? whole : `--authflow ${name}`;
  });
}

async function answerOrNothing({ ask }: FrontEndPorts): Promise<string | undefined> {
  try {
    return await ask("");
  } catch (error) {
    if (isMailkeyError(error, "ERR_SIGN_IN_FAILED")) return undefined; // standard input has ended
    throw error;
  }
}
