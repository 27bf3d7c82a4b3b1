import { escapeHtml } from './letter.ts'
import type { KeptMail } from './notifications-store.ts'

/** What the page may do: nothing but show itself, and letters that run no scripts. */
export const mailboxPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'self'"

/** The development mailbox for people: recent mails, newest first and open. */
export function mailboxPage(mails: readonly KeptMail[]): string {
  const items = mails.map(
    (mail, index) => `<details${index === 0 ? ' open' : ''}>
<summary><b>${escapeHtml(mail.subject)}</b><span>${escapeHtml(mail.to)}</span><time>${mail.sentAt.toISOString()}</time></summary>
<iframe sandbox title="${escapeHtml(mail.subject)}" srcdoc="${escapeHtml(mail.html)}"></iframe>
<pre>${escapeHtml(mail.text)}</pre>
</details>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Development mailbox</title>
<style>
body { max-width: 760px; margin: 40px auto; padding: 0 20px; font: 16px/1.5 system-ui, sans-serif; color: #1f2937; background: #f6f7f9 }
details { margin: 0 0 12px; padding: 14px 18px; background: #fff; border: 1px solid #e4e6ea; border-radius: 10px }
summary { display: flex; flex-wrap: wrap; gap: 4px 16px; cursor: pointer }
summary b { flex: 1 1 100% }
span, time, .none { color: #6b7280; font-size: 14px }
iframe { width: 100%; height: 460px; margin-top: 12px; border: 0; background: #fff }
pre { overflow: auto; padding: 12px; background: #f3f4f6; border-radius: 8px; font-size: 13px; white-space: pre-wrap }
</style>
</head>
<body>
<h1>Development mailbox</h1>
${items.length > 0 ? items.join('\n') : '<p class="none">No mail yet. Register an account, or buy a ticket.</p>'}
</body>
</html>
`
}
