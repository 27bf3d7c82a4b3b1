/**
 * A Korean mobile number as E.164 writes it, `+821012345678`, however a person did: `010-1234-5678`, `+82 10 1234 5678`.
 * @returns undefined for anything else
 */
export function koreanMobile(text: string): string | undefined {
  const digits = text.replace(/[\s().-]/g, '')
  const subscriber = /^(?:\+?820?|0)(10\d{8}|1[16789]\d{7,8})$/.exec(digits)?.[1]
  return subscriber && `+82${subscriber}`
}
