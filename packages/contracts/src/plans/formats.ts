import { planFormat } from './plan.ts'

/** Formats of files that become a plan. */
export const planFormats = [planFormat, 'pretix', 'seats.io', 'csv'] as const
export type PlanFormat = (typeof planFormats)[number]
