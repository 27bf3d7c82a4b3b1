import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openDatabase, sql } from '#platform/db'
import { migrate, readMigrations } from '#platform/migrate'
import { statics } from '#modules/waiting-room'
import { event, saleOf } from './holds-sale.ts'

const lineId = 'lin_bench'

export type WaitingServer = {
  realUrl: string
  bareUrl: string
  sinkUrl: string
  lineId: string
  ask<T>(name: 'cpu' | 'change' | 'write'): Promise<T>
  stop(): void
}

/** A line that gathers, and a server process for it. */
export async function startWaitingServer(databaseUrl: string): Promise<WaitingServer> {
  const { db, close } = openDatabase({ url: databaseUrl, connectionsMax: 2 })
  await migrate(db, readMigrations('platform', new URL('../src/platform/migrations/', import.meta.url)))
  await migrate(db, readMigrations(statics.name, statics.migrations))
  await sql`
    with sale as (
      insert into waiting_room.sales (id, event_id, organiser_id, opens_at, closes_at, hold_seconds)
      values (${saleOf(0)}, ${event.id}, ${event.organiserId}, now() + interval '30 minutes', '2100-01-01', 300)),
    line as (
      insert into waiting_room.lines (id, sale_id, name, section_ids) values (${lineId}, ${saleOf(0)}, 'All', '{sec_bench}')),
    frontier as (
      insert into waiting_room.frontiers (line_id, shoppers_max, admit_per_minute) values (${lineId}, 500, 6000))
    insert into waiting_room.sections (sale_id, section_id, capacity) values (${saleOf(0)}, 'sec_bench', 1000)`.execute(
    db,
  )
  await close()
  const server = fork(fileURLToPath(new URL('waiting-server.ts', import.meta.url)), [databaseUrl, lineId])
  const ended = Promise.withResolvers<never>()
  server.once('exit', (code) => ended.reject(new Error(`the server ended with ${code}`)))
  const told = <T>() =>
    Promise.race([new Promise<T>((done) => server.once('message', (message) => done(message as T))), ended.promise])
  return {
    ...(await told<{ realUrl: string; bareUrl: string; sinkUrl: string }>()),
    lineId,
    ask: <T>(name: string) => {
      server.send(name)
      return told<T>()
    },
    stop() {
      ended.promise.catch(() => undefined)
      server.disconnect()
    },
  }
}
