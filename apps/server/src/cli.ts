import { closeSync, openSync, writeFileSync } from 'node:fs'
import { Argument, Command, InvalidArgumentError } from 'commander'
import { errors } from '@fairgate/contracts/errors'
import { roles, type Role } from '@fairgate/contracts/http/identity'
import { createLifecycle, type Lifecycle } from '#platform/lifecycle'
import { createLog, type Log } from '#platform/log'
import { Problem } from '#platform/problem'
import type { Server } from './compose.ts'
import type { Config } from './config.ts'
import { writeDocs } from './docs.ts'
import { orderCommands } from './order-commands.ts'
import { planCommands } from './plan-commands.ts'
import { playedProviders } from './payment-setup.ts'
import { configOrExit, dataFolder, open } from './run.ts'
import { listenPrivately, openSandbox } from './sandbox.ts'
import { startFault } from './start-fault.ts'

const program = new Command('npm run -s cli --').description(
  'Commands for operators. They work on the database of the environment, beside a running server or without one. The embedded Postgres serves one process at a time.',
)

function print(value: unknown, json: boolean | undefined): void {
  process.stdout.write(`${JSON.stringify(value, null, json ? undefined : 2)}\n`)
}

const whole = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('must be a whole number of at least 1')
  return value
}

/** A file that can be written, which is known before there is anything to write. */
const writable = (file: string): string => {
  try {
    closeSync(openSync(file, 'a', 0o600))
    return file
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

/** The address of the payment providers' sandboxes: where no server runs, their books are opened here. */
async function sandboxUrl(config: Config, lifecycle: Lifecycle): Promise<string | undefined> {
  const played = playedProviders(config)
  if (!config.DEMO || config.DATABASE_URL !== undefined || played.length === 0) return undefined
  return listenPrivately(openSandbox(dataFolder(config), lifecycle, 'http://localhost', played), lifecycle)
}

/** The composed modules on a database that is up to date. What a setting can mend ends the command with that setting. */
async function prepared(config: Config, lifecycle: Lifecycle, log: Log, url: string): Promise<Server> {
  try {
    const server = await open(config, lifecycle, log, url)
    await server.prepare()
    return server
  } catch (error) {
    const reason = startFault(error, { host: config.HOST, port: config.PORT, dataDir: dataFolder(config) })
    if (reason === undefined) throw error
    await lifecycle.stop()
    return program.error(`error: ${reason}`)
  }
}

/** Opens the composed modules without serving anything, and closes them afterwards. */
async function withServer(
  work: (server: Server) => Promise<void>,
  options: { asksProviders?: boolean } = {},
): Promise<void> {
  const config = configOrExit(process.env)
  const log = createLog(config.LOG_LEVEL === 'info' ? 'warn' : config.LOG_LEVEL)
  const lifecycle = createLifecycle({
    log: { info: () => undefined, error: (fields, message) => log.error(fields, message) },
  })
  try {
    const publicUrl = config.PUBLIC_URL ?? `http://localhost:${config.PORT}`
    const providersUrl = options.asksProviders ? await sandboxUrl(config, lifecycle) : undefined
    await work(await prepared(config, lifecycle, log, providersUrl ?? publicUrl))
  } finally {
    await lifecycle.stop()
  }
}

program
  .command('migrate')
  .description('bring the database up to date')
  .action(() => withServer(async () => print({ migrated: true }, true)))

program
  .command('audit')
  .description('check every invariant; exits with 1 when one is broken')
  .option('--event <id>', 'of one event only')
  .option('--json', 'one line')
  .action((options: { event?: string; json?: boolean }) =>
    withServer(async (server) => {
      const report = await server.audit(options.event)
      print(report, options.json)
      if (!report.invariantsHeld) process.exitCode = 1
    }),
  )

program
  .command('appoint')
  .description('set the roles of a registered account; so a site gets its first administrator')
  .argument('<email>', 'of the account')
  .addArgument(new Argument('<roles...>', 'all that it is to have').choices(roles))
  .option('--json', 'one line')
  .action((email: string, wanted: Role[], options: { json?: boolean }) =>
    withServer(async ({ faces }) => print(await faces.identity.appoint(email, wanted), options.json)).catch(
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error
        program.error(`error: ${email}: ${errors[error.code].title}`)
      },
    ),
  )

program
  .command('crowd')
  .description('prepare verified buyers for a rehearsal and write their access tokens to a file (demo only)')
  .requiredOption('--users <n>', 'how many', whole)
  .requiredOption('--out <file>', 'where the tokens go', writable)
  .option('--json', 'one line')
  .action((options: { users: number; out: string; json?: boolean }) =>
    withServer(async (server) => {
      if (!server.config.DEMO) program.error('error: a crowd can only be prepared in the demo configuration')
      const crowd = await server.faces.identity.prepareCrowd(options.users, 'crowd')
      writeFileSync(options.out, JSON.stringify(crowd), { mode: 0o600 })
      print({ users: crowd.length, out: options.out }, options.json)
    }),
  )

const instant = (text: string): number => {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new InvalidArgumentError('must be a time such as 2026-11-21T00:00:00Z')
  return ms
}

program
  .command('reconcile')
  .description("compare the payment providers' books with ours; exits with 1 when they differ or could not be read")
  .option('--from <time>', 'beginning; a day ago without it', instant)
  .option('--to <time>', 'end; now without it', instant)
  .option('--json', 'one line')
  .action((options: { from?: number; to?: number; json?: boolean }) =>
    withServer(
      async (server) => {
        const to = options.to ?? server.platform.clock.now()
        const report = await server.faces.payments.reconciliation.run(options.from ?? to - 86_400_000, to)
        print(report, options.json)
        if (!report.isComplete || !report.isEqual) process.exitCode = 1
      },
      { asksProviders: true },
    ),
  )

planCommands(program)

const parked = program.command('parked').description('messages that could not be handled')
parked
  .command('list')
  .description('which, and why')
  .option('--json', 'one line')
  .action((options: { json?: boolean }) =>
    withServer(async (server) => print(await server.bus.parked.list(), options.json)),
  )
parked
  .command('retry')
  .description('hand them to their subscriber again; pressing twice does no harm')
  .option('--subscriber <name>', 'of one module only')
  .option('--id <id>', 'one message only')
  .option('--json', 'one line')
  .action((options: { subscriber?: string; id?: string; json?: boolean }) =>
    withServer(async (server) => print({ retried: await server.bus.parked.retry(options) }, options.json)),
  )

orderCommands(program, withServer)

program
  .command('docs')
  .description('make the generated pages of docs/ from the code')
  .option('--check', 'only say which are not in step; exits with 1 when there are any')
  .action(async (options: { check?: boolean }) => {
    const stale = await writeDocs({ check: options.check ?? false })
    if (stale.length > 0)
      process.stdout.write(`${options.check ? 'not in step (npm run docs)' : 'written'}: ${stale.join(', ')}\n`)
    if (options.check && stale.length > 0) process.exitCode = 1
  })

await program.parseAsync()
