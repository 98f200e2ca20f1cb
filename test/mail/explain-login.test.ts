import { describe, expect, test } from "bun:test";
import { hintFor } from "../../src/mail/explain-login.ts";
import type { LoginFailure } from "../../src/mail/report.ts";

function failure(change: Partial<LoginFailure>): LoginFailure {
  return {
    ok: false,
    protocol: "imap",
    server: { host: "mail.example.com", port: 993, security: "tls" },
    stage: "authentication",
    reason: "refused",
    message: "the server refuses the login",
    ...change,
  };
}

function hint(providerId: string, change: Partial<LoginFailure>): string {
  return hintFor(failure(change), { providerId, address: "me@example.com" }) ?? "";
}

describe("the hint of a failed login", () => {
  test("names the administrator's command when SMTP is switched off for the tenant", () => {
    const said = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
    const text = hint("microsoft", { protocol: "smtp", said });
    expect(text).toContain("Set-CASMailbox -Identity me@example.com -SmtpClientAuthenticationDisabled $false");
  });

  test("speaks of aliases and of IMAP being off when Exchange is authenticated but not connected", () => {
    const change = { stage: "after-login", said: "User is authenticated but not connected." } as const;
    expect(hint("microsoft-personal", change)).toContain("Outlook.com");
    expect(hint("microsoft", change)).toContain("administrator");
    expect(hint("microsoft-gcc-high", change)).toContain("mailkey login me@example.com");
  });

  test("names both hosts for Exchange's 5.7.3, and only for Microsoft", () => {
    const change = { protocol: "smtp", said: "535 5.7.3 Authentication unsuccessful" } as const;
    expect(hint("microsoft", change)).toContain("smtp-mail.outlook.com");
    expect(hint("custom", change)).not.toContain("outlook");
  });

  test("names the scope that Google wants", () => {
    const change = {
      said: "[AUTHENTICATIONFAILED] Invalid credentials (Failure)",
      challenge: { status: "400", scope: "https://mail.google.com/" },
    };
    expect(hint("google", change)).toContain("https://mail.google.com/");
  });

  test("reads the challenge where the words say little, as with Dovecot", () => {
    const change = { said: "[AUTHENTICATIONFAILED] Authentication failed.", challenge: { status: "invalid_token" } };
    expect(hint("custom", change)).toContain("mailkey test me@example.com --force");
  });

  test.each([
    ["imap", "[UNAVAILABLE] Temporary authentication failure."],
    ["pop", "[SYS/TEMP] Temporary authentication failure."],
    ["smtp", "454 4.7.0 Temporary authentication failure"],
  ] as const)("speaks of no sign-in when the server's refusal passes, by %s", (protocol, said) => {
    for (const providerId of ["microsoft", "google", "custom"]) {
      const text = hintFor(failure({ protocol, said }), { providerId, address: "me@example.com", shared: true }) ?? "";
      expect(text).toContain("cannot check logins now");
      expect(text).not.toContain("mailkey login");
    }
  });

  test("speaks of permission, and of no sign-in, where somebody else's sign-in opens the mailbox", () => {
    const report = failure({ said: "[AUTHENTICATIONFAILED] Authentication failed.", challenge: { status: "401" } });
    for (const providerId of ["microsoft", "custom"]) {
      const text = hintFor(report, { providerId, address: "info@example.com", shared: true }) ?? "";
      expect(text).toContain("open the mailbox to the person who signed in");
      expect(text).not.toContain("mailkey login");
    }
    expect(hint("custom", { said: "[AUTHENTICATIONFAILED]" })).toContain("mailkey login me@example.com");
  });

  test("is to wait when the server has too much to do", () => {
    expect(hint("yahoo", { said: "[LIMIT] LOGIN Rate limit hit" })).toContain("wait");
    expect(hint("google", { said: "[ALERT] Too many simultaneous connections. (Failure)" })).toContain("15");
    expect(hint("microsoft", { protocol: "smtp", said: "432 4.3.2 Concurrent connections limit exceeded" })).toContain(
      "three connections",
    );
    expect(hint("custom", { protocol: "smtp", said: "454 4.7.0 Temporary authentication failure" })).toContain("later");
    expect(hint("custom", { stage: "greeting", reason: "closed" })).toContain("later");
  });

  test("knows a port by the way that TLS starts there", () => {
    const tls = { host: "h", port: 587, security: "tls" } as const;
    expect(hint("custom", { server: tls, stage: "tls", reason: "tls-failed" })).toContain('security = "starttls"');
    const starttls = { host: "h", port: 993, security: "starttls" } as const;
    expect(hint("custom", { server: starttls, stage: "greeting", reason: "timeout" })).toContain('security = "tls"');
    const relay = { host: "h", port: 25, security: "starttls" } as const;
    expect(hint("custom", { server: relay, protocol: "smtp", stage: "connect", reason: "timeout" })).toContain("587");
  });

  test("warns of the network when somebody meddles with the connection", () => {
    for (const reason of ["starttls-injection", "preauthenticated"] as const)
      expect(hint("google", { stage: "tls", reason })).toContain("network");
  });

  test("speaks of the authority's file when the certificate is not trusted", () => {
    expect(hint("custom", { stage: "tls", reason: "certificate" })).toContain("network.ca_file");
  });

  test("does not speak of another provider whose name begins alike", () => {
    expect(hint("googlemail", { said: "no" })).not.toContain("mail.google.com");
  });

  test("is nothing when nothing is known, and keeps ADDRESS where no address is given", () => {
    expect(hintFor(failure({ stage: "greeting", reason: "aborted" }), { providerId: "custom" })).toBeUndefined();
    expect(hintFor(failure({}), { providerId: "custom" })).toContain("mailkey login ADDRESS");
  });
});
