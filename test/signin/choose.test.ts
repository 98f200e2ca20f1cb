import { describe, expect, test } from "bun:test";
import { MailkeyError } from "../../src/errors.ts";
import { chooseFlow, type FlowQuestion } from "../../src/signin/choose.ts";
import { redirectKind, withPort } from "../../src/signin/redirect.ts";

const NATIVE = "https://login.microsoftonline.com/common/oauth2/nativeclient";
const BASE: FlowQuestion = {
  clientName: "Mozilla Thunderbird",
  redirectUris: ["https://localhost"],
  deviceFlow: undefined,
  hasAuthorizationEndpoint: true,
  hasDeviceEndpoint: true,
  browser: true,
};

/** The flow and redirect, or the code of the error. */
function chosen(question: Partial<FlowQuestion>): string {
  try {
    const choice = chooseFlow({ ...BASE, ...question });
    return choice.flow === "device" ? "device" : `${choice.flow} ${choice.redirectUri}`;
  } catch (error) {
    return error instanceof MailkeyError ? error.code : String(error);
  }
}

describe("the flow chosen by itself", () => {
  test.each<[string, Partial<FlowQuestion>, string]>([
    ["https://localhost and a browser here", {}, "loopback https://localhost"],
    ["http before https", { redirectUris: ["https://localhost", "http://127.0.0.1"] }, "loopback http://127.0.0.1"],
    [
      "a path in the redirect",
      { redirectUris: ["http://localhost:12141/desktop"] },
      "loopback http://localhost:12141/desktop",
    ],
    ["no browser, device codes not ruled out", { browser: false }, "device"],
    ["no browser, device codes allowed", { browser: false, deviceFlow: true }, "device"],
    ["no browser, device codes ruled out", { browser: false, deviceFlow: false }, "paste https://localhost"],
    ["no browser, no device endpoint", { browser: false, hasDeviceEndpoint: false }, "paste https://localhost"],
    [
      "no browser, only http loopback, no device codes",
      { browser: false, deviceFlow: false, redirectUris: ["http://localhost"] },
      "paste http://localhost",
    ],
    ["nativeclient with a browser", { redirectUris: [NATIVE] }, `paste ${NATIVE}`],
    ["nativeclient without a browser", { redirectUris: [NATIVE], browser: false }, "device"],
    [
      "nativeclient without a browser or device codes",
      { redirectUris: [NATIVE], browser: false, deviceFlow: false },
      `paste ${NATIVE}`,
    ],
    [
      "out of band",
      { redirectUris: ["urn:ietf:wg:oauth:2.0:oob"], deviceFlow: false },
      "paste urn:ietf:wg:oauth:2.0:oob",
    ],
    ["no authorization endpoint", { hasAuthorizationEndpoint: false }, "device"],
    [
      "device codes tried in vain",
      { browser: false, without: new Set(["device"] as const) },
      "paste https://localhost",
    ],
    [
      "a redirect to somebody's server only",
      { redirectUris: ["https://oauth.example/"], deviceFlow: false },
      "ERR_UNSUPPORTED",
    ],
    ["an app's own scheme only", { redirectUris: ["msauth://org.example/x"], deviceFlow: false }, "ERR_UNSUPPORTED"],
    ["nothing registered", { redirectUris: [], deviceFlow: false }, "ERR_UNSUPPORTED"],
    ["a redirect named by the user", { redirectUri: "http://localhost:8080/cb" }, "loopback http://localhost:8080/cb"],
    ["a redirect named by the user, no browser", { redirectUri: NATIVE, browser: false }, `paste ${NATIVE}`],
  ])("with %s", (_title, question, expected) => {
    expect(chosen(question)).toBe(expected);
  });

  test("comes with the reason why no browser is used", () => {
    const choice = chooseFlow({ ...BASE, browser: false, noBrowserReason: "this is an SSH session" });
    expect(choice).toEqual({ flow: "device", reason: "this is an SSH session" });
  });
});

describe("a flow that is wanted", () => {
  test.each<[string, Partial<FlowQuestion>, string]>([
    ["loopback without a browser", { wanted: "loopback", browser: false }, "loopback https://localhost"],
    ["paste with a browser", { wanted: "paste" }, "paste https://localhost"],
    ["device with a browser", { wanted: "device" }, "device"],
    ["device where the client may not", { wanted: "device", deviceFlow: false }, "ERR_UNSUPPORTED"],
    ["device where the provider has none", { wanted: "device", hasDeviceEndpoint: false }, "ERR_UNSUPPORTED"],
    ["loopback with nativeclient only", { wanted: "loopback", redirectUris: [NATIVE] }, "ERR_UNSUPPORTED"],
    [
      "paste without an authorization endpoint",
      { wanted: "paste", hasAuthorizationEndpoint: false },
      "ERR_UNSUPPORTED",
    ],
  ])("%s is used or refused", (_title, question, expected) => {
    expect(chosen(question)).toBe(expected);
  });

  test("and cannot be had names one that can", () => {
    expect(() => chooseFlow({ ...BASE, wanted: "device", deviceFlow: false })).toThrow(
      expect.objectContaining({ hint: "--flow loopback" }),
    );
  });
});

describe("a redirect URI", () => {
  test.each([
    ["http://localhost", "http"],
    ["http://127.0.0.1:4000/cb", "http"],
    ["http://[::1]", "http"],
    ["https://localhost", "https"],
    ["https://127.0.0.1", "paste"],
    ["https://login.microsoftonline.com/common/oauth2/nativeclient", "paste"],
    ["https://login.microsoftonline.us/common/oauth2/nativeclient", "paste"],
    ["https://login.live.com/oauth20_desktop.srf", "paste"],
    ["urn:ietf:wg:oauth:2.0:oob", "paste"],
    ["http://example.com", "unusable"],
    ["http://localhost.example.com", "unusable"],
    ["https://login.example.com.evil.example/common/oauth2/nativeclient/x", "unusable"],
    ["com.example.app:/redirect", "unusable"],
    ["nonsense", "unusable"],
  ])("%s is of kind %s", (uri, kind) => {
    expect(redirectKind(uri)).toBe(kind as "http");
  });

  test.each([
    ["http://localhost", "http://localhost:4000"],
    ["http://localhost/", "http://localhost:4000/"],
    ["https://127.0.0.1", "https://127.0.0.1:4000"],
    ["http://localhost:12141/desktop", "http://localhost:4000/desktop"],
    ["http://[::1]/a?b=c", "http://[::1]:4000/a?b=c"],
  ])("%s gets its port and stays as it is otherwise", (uri, expected) => {
    expect(withPort(uri, 4000)).toBe(expected);
  });
});
