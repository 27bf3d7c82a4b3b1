import type { Admission } from '@fairgate/contracts/http/admission'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import type { Caller } from '#platform/access-token'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Documents } from './documents.ts'
import { changeSettings, isLineOf, type Settings } from './frontier-store.ts'
import { organiserOf } from './organiser.ts'

export type ChangeLine = Settings & { lineId: string; caller: Caller }

type Deps = Pick<Platform, 'db'> & { documents: Documents; tickSoon: () => void }

/** The operator's hand on a line. */
export function createLines({ db, documents, tickSoon }: Deps) {
  return {
    /** Takes effect with the next tick, which is soon. Another organiser's line is as unknown as none. @throws waiting-room.line-not-found */
    async change({ lineId, caller, ...settings }: ChangeLine): Promise<LineDocument> {
      if (!(await changeSettings(db, lineId, organiserOf(caller), settings)))
        throw new Problem('waiting-room.line-not-found')
      documents.expire([lineId])
      tickSoon()
      return (await documents.read(lineId)).document
    },

    /** What limits a line now, and what health allows it. @throws waiting-room.line-not-found */
    async admission(lineId: string, caller: Caller): Promise<{ admission: Admission; healthPerMinute: number | null }> {
      if (!(await isLineOf(db, lineId, organiserOf(caller)))) throw new Problem('waiting-room.line-not-found')
      const { board, document } = await documents.read(lineId)
      return { admission: document.admission!, healthPerMinute: board.healthPerMinute }
    },
  }
}
