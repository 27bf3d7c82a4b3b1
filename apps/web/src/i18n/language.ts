export type Language = 'ko' | 'en'

export const isLanguage = (value: unknown): value is Language => value === 'ko' || value === 'en'

/** What the person chose before, else the browser's first language that we speak, else English. */
export function chooseLanguage(chosen: string | null | undefined, preferred: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen
  for (const tag of preferred) {
    const lead = tag.toLowerCase().split('-')[0]
    if (isLanguage(lead)) return lead
  }
  return 'en'
}
