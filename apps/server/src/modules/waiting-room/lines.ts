import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import type { Caller } from '#platform/access-token'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Documents } from './documents.ts'
import { changeSettings, type Settings } from './waiting-room-store.ts'

export type ChangeLine = Settings & { lineId: string; caller: Caller }

/** The operator's hand on a line. */
export function createLines({ db, documents }: Pick<Platform, 'db'> & { documents: Documents }) {
  return {
    /** Takes effect with the next tick. Another organiser's line is as unknown as none. @throws waiting-room.line-not-found */
    async change({ lineId, caller, ...settings }: ChangeLine): Promise<LineDocument> {
      const organiserId = caller.roles.includes('admin') ? null : caller.accountId
      if (!(await changeSettings(db, lineId, organiserId, settings))) throw new Problem('waiting-room.line-not-found')
      documents.expire([lineId])
      return (await documents.read(lineId)).document
    },
  }
}
