import { afterAll, beforeAll, expect, test } from "bun:test";
import { granted, type HostileServer, REPLIES, startHostileServer } from "../../lab/hostile.ts";
import { postForm } from "../../lab/token-client.ts";

let server: HostileServer;
beforeAll(async () => {
  server = await startHostileServer();
});
afterAll(() => server.stop());

test("gives its replies in order, then errors, and remembers what was asked", async () => {
  server.reply(REPLIES.pending, granted({ expires_in: "3600", scope: undefined }));
  const form = { grant_type: "refresh_token", refresh_token: "secret&=+ of the test" };
  expect(await ask(form)).toMatchObject({ status: 400, body: { error: "authorization_pending" } });
  const { body } = await ask(form);
  expect(body).toMatchObject({ expires_in: "3600" });
  expect(body).not.toHaveProperty("scope");
  expect((await send()).status).toBe(500);
  expect(server.requests.slice(0, 2)).toMatchObject([
    { path: "/token", form },
    { path: "/token", form },
  ]);
});

test("answers late when told to", async () => {
  server.reply({ body: { which: "late" }, delayMs: 150 });
  const order: unknown[] = [];
  const before = server.requests.length;
  const first = ask({}).then(({ body }) => order.push(body["which"]));
  while (server.requests.length === before) await Bun.sleep(5);
  server.reply({ body: { which: "prompt" } });
  await Promise.all([first, ask({}).then(({ body }) => order.push(body["which"]))]);
  expect(order).toEqual(["prompt", "late"]);
});

test.each(["reset", "truncate"] as const)("breaks the connection: %s", async (reply) => {
  server.reply(reply);
  const outcome = await send().then(
    (response) => response.text().catch((error: unknown) => error),
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
});

test("says nothing when told to be silent", async () => {
  server.reply("silence");
  const outcome = await send(AbortSignal.timeout(200)).catch((error: unknown) => error);
  expect(outcome).toMatchObject({ name: "TimeoutError" });
});

test("sends bytes, headers and masses as they are", async () => {
  server.reply(REPLIES.garbage, REPLIES.unavailable, REPLIES.huge);
  expect(new Uint8Array(await (await send()).arrayBuffer())).toEqual(REPLIES.garbage.body);
  const unavailable = await send();
  expect([unavailable.status, unavailable.headers.get("retry-after")]).toEqual([503, "1"]);
  expect((await (await send()).arrayBuffer()).byteLength).toBe(REPLIES.huge.body.length);
});

function ask(form: Readonly<Record<string, string>>) {
  return postForm(server, server.tokenEndpoint, form);
}

async function send(signal?: AbortSignal): Promise<Response> {
  const ca = await Bun.file(server.caFile).text();
  return fetch(server.tokenEndpoint, { method: "POST", tls: { ca }, ...(signal === undefined ? {} : { signal }) });
}
