import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { signIn } from "../../lab/browser.ts";
import { makeCertificates } from "../../lab/certificates.ts";
import { OWN_CLIENT_ID, THUNDERBIRD_CLIENT_ID } from "../../lab/registrations.ts";
import { startWorld, type World } from "../../lab/world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld({ mail: "none" });
});
afterAll(() => world.stop());

test("follows the redirect to a listener on this machine and returns its page", async () => {
  const server = createServer(answer);
  const port = await listen(server);
  const { redirectUrl, page } = await signIn(url(OWN_CLIENT_ID, `http://127.0.0.1:${port}`), anna());
  server.close();
  expect(new URL(redirectUrl).port).toBe(String(port));
  expect(page).toEqual({ status: 200, html: "<p>Thank you</p>" });
});

test("accepts a listener's certificate that nobody signed", async () => {
  const { certificatePem: cert, keyPem: key } = await makeCertificates();
  const server = createTlsServer({ cert, key }, answer);
  const port = await listen(server);
  const { page } = await signIn(url(THUNDERBIRD_CLIENT_ID, `https://localhost:${port}`), anna());
  server.close();
  expect(page?.html).toBe("<p>Thank you</p>");
});

test("does not accept an authorization server with another authority's certificate", async () => {
  const other = await startWorld({ mail: "none" });
  const options = { login: world.address, caFile: other.caFile };
  expect(await signIn(url(OWN_CLIENT_ID, "http://localhost"), options).catch(String)).toMatch(/certificate/i);
  await other.stop();
});

test("is a command for programs that open a browser themselves", async () => {
  const server = createServer(answer);
  const port = await listen(server);
  const child = spawn(join(import.meta.dir, "../../lab/browser"), [url(OWN_CLIENT_ID, `http://127.0.0.1:${port}`)], {
    env: { PATH: process.env["PATH"], LAB_LOGIN: world.address, LAB_CA: world.caFile },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = await new Response(child.stdout as unknown as ReadableStream).text();
  server.close();
  expect(output).toBe("signed in; 200\n");
});

function anna() {
  return { login: world.address, caFile: world.caFile };
}

function url(clientId: string, redirectUri: string): string {
  const parameters = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: "openid",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", // RFC 7636, appendix B
    code_challenge_method: "S256",
  });
  return `${world.endpoints.authorization}?${parameters.toString()}`;
}

function answer(_request: IncomingMessage, response: ServerResponse): void {
  response.end("<p>Thank you</p>");
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}
