import type { Account } from '@fairgate/contracts/http/identity'

export type Language = Account['locale']

/** A mail before it is text or HTML. */
export type Letter = { language: Language; subject: string; title: string; blocks: readonly Block[] }

export type Block =
  | { kind: 'paragraph'; text: string }
  | { kind: 'code'; code: string }
  | { kind: 'facts'; rows: readonly (readonly [label: string, value: string])[] }
  | { kind: 'link'; label: string; url: string }

export type Rendered = { subject: string; text: string; html: string }

const closing: Record<Language, string> = {
  ko: 'Fairgate · 발신 전용 메일입니다.',
  en: 'Fairgate · Please do not reply to this mail.',
}

/** The same words as text and as HTML. Everything in the letter is plain text; markup in it is shown, not obeyed. */
export function renderLetter({ language, subject, title, blocks }: Letter): Rendered {
  return {
    subject: singleLine(subject),
    text: `${[title, ...blocks.map(textOf), `--\n${closing[language]}`].join('\n\n')}\n`,
    html: page(language, singleLine(subject), [
      `<h1 style="margin:0 0 24px;font-size:22px;line-height:1.35;font-weight:650;letter-spacing:-0.01em">${escapeHtml(title)}</h1>`,
      ...blocks.map(htmlOf),
      `<p style="margin:32px 0 0;padding-top:16px;border-top:1px solid #e4e6ea;color:#6b7280;font-size:13px">${escapeHtml(closing[language])}</p>`,
    ]),
  }
}

function textOf(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return block.text
    case 'code':
      return block.code
    case 'facts':
      return block.rows.map(([label, value]) => `${label}: ${value}`).join('\n')
    case 'link':
      return `${block.label}: ${block.url}`
  }
}

function htmlOf(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p style="margin:0 0 16px">${escapeHtml(block.text)}</p>`
    case 'code':
      return `<p style="margin:0 0 16px;padding:16px 20px;background:#f3f4f6;border-radius:10px;font:600 28px/1.2 ui-monospace,Menlo,Consolas,monospace;letter-spacing:0.18em">${escapeHtml(block.code)}</p>`
    case 'facts':
      return `<table role="presentation" style="width:100%;margin:0 0 20px;border-collapse:collapse">${block.rows
        .map(
          ([label, value]) =>
            `<tr><td style="padding:8px 16px 8px 0;color:#6b7280;vertical-align:top;white-space:nowrap">${escapeHtml(label)}</td>` +
            `<td style="padding:8px 0;width:100%">${escapeHtml(value)}</td></tr>`,
        )
        .join('')}</table>`
    case 'link':
      return `<p style="margin:0 0 16px"><a href="${escapeHtml(block.url)}" style="display:inline-block;padding:12px 20px;background:#1f2937;color:#ffffff;border-radius:10px;text-decoration:none;font-weight:600">${escapeHtml(block.label)}</a></p>`
  }
}

const page = (language: Language, subject: string, parts: readonly string[]) => `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>
<body style="margin:0;background:#f6f7f9">
<div style="max-width:520px;margin:0 auto;padding:40px 28px;background:#ffffff;color:#1f2937;font:16px/1.6 Pretendard,'Apple SD Gothic Neo','Noto Sans KR',system-ui,sans-serif">
${parts.join('\n')}
</div>
</body>
</html>
`

export const escapeHtml = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[character]!,
  )

/** A subject is one header line whatever an event is called. */
const singleLine = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
