/** What mail programs are told when the provider, the servers, the agent or the sign-in are gone, and that all is well when they are back. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { until } from "../support/until.ts";
import { succeeded } from "./harness.ts";
import { PROTOCOLS } from "./password-client.ts";
import { withPrograms } from "./programs.ts";
import { ProxiedHome } from "./proxied-home.ts";

withPrograms(["dovecot"])("a mail program at the proxy", () => {
  let scene: ProxiedHome;
  beforeAll(async () => {
    scene = await ProxiedHome.open();
  });
  afterAll(() => scene.close());

  const itIs = { isIn: true };
  const allIn = { imap: itIs, pop: itIs, smtp: itIs };

  test("is let in while the provider is down, as long as the token is good", async () => {
    scene.provider.cut();
    expect(await scene.logInByAll()).toMatchObject(allIn);
    await scene.provider.mend();
  });

  test("does not notice that the agent was killed", async () => {
    const killed = await scene.agentPid();
    process.kill(killed, "SIGKILL");
    expect(await scene.logInByAll()).toMatchObject(allIn);
    expect(await scene.agentPid()).not.toBe(killed);
  });

  test.each([
    ["imap", /^\* BYE \[UNAVAILABLE\] /],
    ["pop", /^-ERR \[SYS\/TEMP\] /],
    ["smtp", /^421 4\.\d\.\d /],
  ] as const)("is told in the words of %s when the server dies in the middle of a session", async (protocol, words) => {
    const { isIn, client } = await scene.logIn(protocol);
    expect(isIn).toBe(true);
    scene.servers[protocol].cut();
    expect(await client.lastWords()).toMatch(words);
    await scene.servers[protocol].mend();
  });

  test("is told when the server cannot be reached, and that it passes; then it is let in", async () => {
    for (const protocol of PROTOCOLS) scene.servers[protocol].cut();
    const imap = await scene.logIn("imap");
    expect(imap.said).toMatch(/^a NO \[UNAVAILABLE\] /);
    expect(await imap.client.lastWords()).toMatch(/^\* BYE /);
    const pop = await scene.logIn("pop");
    expect(pop.said).toMatch(/^-ERR \[SYS\/TEMP\] /);
    expect(await pop.client.lastWords()).toBe("");
    const smtp = await scene.logIn("smtp");
    expect(smtp.said).toMatch(/^4[25][14] 4\.\d\.\d /);
    expect(await smtp.client.lastWords()).toMatch(/^(421 .*)?$/);
    for (const protocol of PROTOCOLS) await scene.servers[protocol].mend();
    expect(await scene.logInByAll()).toMatchObject(allIn);
  });

  test("is told that it passes when the provider is down and the token has ended", async () => {
    scene.world.setAccessTokenSeconds(1);
    succeeded(await scene.home.mailkey(["login", scene.home.address, "--no-test"]));
    scene.provider.cut();
    await Bun.sleep(1100);
    const { imap, pop, smtp } = await scene.logInByAll();
    expect(imap.said).toMatch(/^a NO \[UNAVAILABLE\] /);
    expect(pop.said).toMatch(/^-ERR \[SYS\/TEMP\] /);
    expect(smtp.said).toMatch(/^4[25][14] 4\.\d\.\d /);
    scene.world.setAccessTokenSeconds(3600);
    await scene.provider.mend();
    expect(await scene.logInByAll()).toMatchObject(allIn);
  });

  test("is told what to type when the sign-in is over, and is let in after that", async () => {
    const { world, home } = scene;
    world.revokeGrants(home.address);
    const { imap, pop, smtp } = await scene.logInByAll();
    const remedy = `mailkey login ${home.address}`;
    expect(imap.said).toMatch(new RegExp(`^a NO \\[ALERT\\] .*${remedy}`));
    expect(pop.said).toMatch(new RegExp(`^-ERR \\[SYS/PERM\\] .*${remedy}`));
    expect(smtp.said).toMatch(new RegExp(`^535 5\\.7\\.8 .*${remedy}`));
    succeeded(await home.mailkey(["login", home.address, "--no-test"]));
    expect(await scene.logInByAll()).toMatchObject(allIn);
  });
});

withPrograms(["dovecot"])("a mail program at a proxy that waits for sign-ins", () => {
  let scene: ProxiedHome;
  beforeAll(async () => {
    scene = await ProxiedHome.open({ config: ['wait_for_sign_in = "80s"'] });
  });
  afterAll(() => scene.close());

  test("is let in as soon as somebody has signed in, and hears of nothing", async () => {
    const { world, home } = scene;
    world.revokeGrants(home.address);
    const login = scene.logIn("imap");
    await until(() => world.tokenRequests.some(({ error }) => error === "invalid_grant"));
    succeeded(await home.mailkey(["login", home.address, "--no-test"]));
    const { said, client } = await login;
    client.close();
    expect(said).toStartWith("a OK ");
  });
});
