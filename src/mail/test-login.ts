/**
 * A test login: logs in with a token, tries one command and leaves. Whatever the network and the server do ends in a report; only what is
 * wrong on our side throws.
 */
import type { MailConnection } from "./connection.ts";
import type { Dialogue } from "./dialogue.ts";
import { approach, cleaner, failureOf, logIn, type Approached, type LoginRequest, type Progress } from "./login.ts";
import { MailServerError } from "./mail-server-error.ts";
import type { LoginReport } from "./report.ts";

/** A server that does not answer to goodbye is left alone after this. */
const QUIT_TIMEOUT_MS = 1000;

/** @throws ERR_CONFIG, ERR_PROVIDER_UNAVAILABLE when the credentials cannot be encoded */
export async function testLogin(request: LoginRequest): Promise<LoginReport> {
  const { protocol, server } = request;
  const clean = cleaner(request);
  const progress: Progress = { stage: "connect" };
  let approached: Approached | undefined;
  try {
    approached = await approach(request, progress);
    const { connection, dialogue, greeting, tlsVersion } = approached;
    const { mechanism } = await logIn(approached, request, progress);
    progress.stage = "after-login";
    const said = await dialogue.probe();
    await leave(dialogue, connection);
    return { ok: true, protocol, server, mechanism, tlsVersion, greeting: clean(greeting), said: clean(said) };
  } catch (error) {
    if (!(error instanceof MailServerError)) throw error;
    return failureOf(error, request, progress, clean);
  } finally {
    approached?.connection.close();
  }
}

async function leave(dialogue: Dialogue, connection: MailConnection): Promise<void> {
  const timer = setTimeout(() => connection.close(), QUIT_TIMEOUT_MS);
  try {
    await dialogue.quit();
  } catch {
    // the login itself is proved
  } finally {
    clearTimeout(timer);
  }
}
