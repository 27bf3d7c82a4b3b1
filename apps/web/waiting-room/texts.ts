import type { Texts } from './en.ts'

/** Each language is a file of its own, so that nobody loads both. */
export const loadTexts: Readonly<Record<'en' | 'ko', () => Promise<Texts>>> = {
  en: async () => (await import('./en.ts')).en,
  ko: async () => (await import('./ko.ts')).ko,
}
