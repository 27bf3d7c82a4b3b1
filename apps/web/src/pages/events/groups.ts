import type { Sale, Section } from '@fairgate/contracts/http/catalog'

/** A course x pace group: a section, and the line that leads to it. */
export type Group = { section: Section; pace: string; lineId: string; isAlone: boolean }

/** Whether buyers choose by course and pace group instead of by section. */
export const isByGroup = (sections: readonly Section[]): boolean =>
  sections.length > 0 && sections.every((section) => section.attributes['course'] !== undefined)

/** Courses in the order of the sections. */
export const coursesOf = (sections: readonly Section[]): string[] => [
  ...new Set(sections.map((section) => String(section.attributes['course']))),
]

/** The pace groups of a course that a line of the sale leads to. `isAlone`: the line's stock is this section's stock. */
export function groupsOf(sale: Sale, sections: readonly Section[], course: string): Group[] {
  return sections
    .filter((section) => String(section.attributes['course']) === course)
    .flatMap((section) => {
      const line = sale.lines.find(({ sectionIds }) => sectionIds.includes(section.id))
      if (!line) return []
      const pace = section.attributes['pace']
      return [
        {
          section,
          pace: pace === undefined ? section.name : String(pace),
          lineId: line.id,
          isAlone: line.sectionIds.length === 1,
        },
      ]
    })
}
