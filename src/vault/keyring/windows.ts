/**
 * The Windows Credential Manager through PowerShell and two functions of advapi32. The script is fixed and holds no secret;
 * the secret goes through standard input and output. (As a part of the script it would end in PowerShell's script block log.)
 *
 * @see https://learn.microsoft.com/windows/win32/api/wincred/
 */
import { MailkeyError } from "../../errors.ts";
import type { Environment } from "../../platform/paths.ts";
import { run, type RunResult } from "../../platform/process.ts";
import { Secret } from "../../platform/secret.ts";
import { peerText } from "../../platform/text.ts";
import { ITEM, KEYRING_TIMEOUT_MS, type KeyringBackend } from "./backend.ts";

/** Our own exit status for ERROR_NOT_FOUND (1168), which does not fit into one. */
const NOT_FOUND = 3;
const TARGET = `${ITEM.service}/${ITEM.account}`;

const NATIVE = `$ErrorActionPreference = 'Stop'
Add-Type -Namespace Mailkey -Name Native -MemberDefinition @'
[StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
public struct CREDENTIAL {
  public uint Flags; public uint Type; public string TargetName; public string Comment; public long LastWritten;
  public uint CredentialBlobSize; public IntPtr CredentialBlob; public uint Persist; public uint AttributeCount;
  public IntPtr Attributes; public string TargetAlias; public string UserName;
}
[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
public static extern bool CredReadW(string target, uint type, uint flags, out IntPtr credential);
[DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
public static extern bool CredWriteW(ref CREDENTIAL credential, uint flags);
[DllImport("advapi32.dll")]
public static extern void CredFree(IntPtr buffer);
'@
$marshal = [Runtime.InteropServices.Marshal]
`;

/** Type 1 is CRED_TYPE_GENERIC. */
const READ = `${NATIVE}
$pointer = [IntPtr]::Zero
if (-not [Mailkey.Native]::CredReadW('${TARGET}', 1, 0, [ref]$pointer)) {
  $code = $marshal::GetLastWin32Error()
  if ($code -eq 1168) { exit ${NOT_FOUND} }
  [Console]::Error.Write("CredRead failed: $code"); exit 1
}
$credential = $marshal::PtrToStructure($pointer, [type][Mailkey.Native+CREDENTIAL])
[Console]::Out.Write($marshal::PtrToStringUni($credential.CredentialBlob, $credential.CredentialBlobSize / 2))
[Mailkey.Native]::CredFree($pointer)
`;

/** Persist 2 is CRED_PERSIST_LOCAL_MACHINE: it stays after logging out, and does not roam. */
const WRITE = `${NATIVE}
$secret = [Console]::In.ReadToEnd().Trim()
$credential = New-Object Mailkey.Native+CREDENTIAL
$credential.Type = 1
$credential.Persist = 2
$credential.TargetName = '${TARGET}'
$credential.UserName = '${ITEM.account}'
$credential.CredentialBlobSize = $secret.Length * 2
$credential.CredentialBlob = $marshal::StringToCoTaskMemUni($secret)
$done = [Mailkey.Native]::CredWriteW([ref]$credential, 0)
$code = $marshal::GetLastWin32Error()
$marshal::ZeroFreeCoTaskMemUnicode($credential.CredentialBlob)
if (-not $done) { [Console]::Error.Write("CredWrite failed: $code"); exit 1 }
`;

/** @param program replaced in tests */
export function windowsCredentials(env: Environment, program = "powershell.exe"): KeyringBackend {
  const powershell = (script: string, input?: string) =>
    run(program, ["-NoProfile", "-NonInteractive", "-Command", script], {
      ...(input === undefined ? {} : { input }),
      env,
      timeoutMs: KEYRING_TIMEOUT_MS,
    });
  return {
    name: "Windows Credential Manager",
    async get() {
      const found = await powershell(READ);
      if (found.status === NOT_FOUND) return undefined;
      if (found.status !== 0) throw explain(found);
      return new Secret(new TextDecoder().decode(found.stdout).trim());
    },
    async set(value) {
      const stored = await powershell(WRITE, value.reveal());
      if (stored.status !== 0) throw explain(stored);
    },
  };
}

function explain({ status, stderr }: RunResult): MailkeyError {
  const words = peerText(stderr, 200) || `status ${status}`;
  return new MailkeyError("ERR_VAULT_UNUSABLE", `the Windows Credential Manager refuses: ${words}`, {
    hint: "mailkey vault move age",
    details: { reason: "other", status },
  });
}
