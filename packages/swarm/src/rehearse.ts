import { setTimeout as sleep } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import { rehearse, type RehearsalOptions } from './rehearsal.ts'
import { rehearseAuction } from './auction.ts'
import { rehearseRush } from './rush.ts'
import { scenarios, type Scenario, type ScenarioName } from './scenarios.ts'

const whole = (least: number) => (text: string) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least)
    throw new InvalidArgumentError(`must be a whole number of at least ${least}`)
  return value
}

/** A crowd is never sent to another machine. */
const loopback = (text: string) => {
  const { protocol, hostname, origin } = URL.canParse(text) ? new URL(text) : new URL('none://')
  if (protocol !== 'http:' || !/^(localhost|\[::1\]|127\..*)$/.test(hostname))
    throw new InvalidArgumentError('must be a server on this machine, such as http://localhost:8080')
  return origin
}

const order = (text: string) => {
  if (text !== 'draw' && text !== 'arrival') throw new InvalidArgumentError('is draw or arrival')
  return text
}

const names = [...Object.keys(scenarios), 'auction', 'rush']

const program = new Command('npm run -s rehearse --')
  .description('Brings a crowd to a sale and checks that nothing was sold twice, lost, or paid for nothing.')
  .argument('<scenario>', `one of ${names.join(', ')}`, (text) => {
    if (!names.includes(text)) throw new InvalidArgumentError(`is one of ${names.join(', ')}`)
    return text
  })
  .option('--users <n>', 'people', whole(1), 1000)
  .option('--places <n>', 'places on sale', whole(1), 400)
  .option('--seed <n>', 'the crowd is the same for the same seed', whole(0), 1)
  .option(
    '--url <url>',
    'a running demo server; without it one is started for the rehearsal and removed afterwards',
    loopback,
  )
  .option('--together <n>', 'concert: seats side by side that each person wants', whole(0), 0)
  .option(
    '--psp-failures <percent>',
    'share of payments that meet a failing provider: declines, errors and silence before and after the money moved, notices early, late, twice or never',
    whole(0),
    0,
  )
  .option('--hold-seconds <n>', 'how long a hold lasts', whole(3))
  .option(
    '--order <order>',
    'bots: `draw` among those who joined before the opening, or `arrival`, the control that macros win',
    order,
  )
  .option('--rounds <n>', 'hold the sale so often with the same crowd; bots: 5, to tell skill from luck', whole(1))
  .option('--kill-after <seconds>', 'kill -9 the own server so long after the opening, and start it again', whole(0))
  .option(
    '--call-off <kills>',
    'afterwards the organiser calls the event off; the own server is killed so often while it refunds everybody',
    whole(0),
  )
  .option(
    '--challenges',
    'let the own server ask for a proof of work: this machine solves for everybody, so people come earlier and it takes longer',
  )
  .option('--workers <n>', 'auction: processes of the own server that share its port', whole(1))
  .option('--keep', "keep the own server's folder for a look at its log and data")
  .option('--json', 'print one JSON object as the last line')

program.parse()
const scenario = program.processedArgs[0] as ScenarioName | 'auction' | 'rush'
const options = program.opts<Omit<RehearsalOptions, 'scenario'> & { workers?: number; json?: boolean }>()

const isOfLines = scenario !== 'rush' && scenario !== 'auction'
if (options.callOff !== undefined && (!isOfLines || options.url !== undefined))
  program.error('error: --call-off needs a server of its own, and no rush or auction')
if (options.workers !== undefined && (scenario !== 'auction' || options.url !== undefined))
  program.error('error: --workers needs an auction on a server of its own')
if (scenario === 'rush' && options.url !== undefined)
  program.error('error: a rush measures a server of its own: it takes no --url')

const surroundings = {
  progress: (line: string) => void process.stderr.write(`${line}\n`),
  now: Date.now,
  sleep: (ms: number) => sleep(ms),
}
const placesMin = isOfLines ? ((scenarios[scenario] as Scenario).placesMin ?? 1) : 1
if (options.places < placesMin) program.error(`error: ${scenario} needs at least ${placesMin} places`)

if (options.url !== undefined) {
  const answer = await fetch(`${options.url}/readyz`, { signal: AbortSignal.timeout(10_000) }).then(
    ({ ok, status }) => (ok ? undefined : `/readyz is ${status}`),
    (error: unknown) => String((error as Error).cause ?? error),
  )
  if (answer !== undefined) program.error(`error: no Fairgate is ready at ${options.url} (${answer})`)
}

const report = await (scenario === 'rush'
  ? rehearseRush(options, surroundings)
  : scenario === 'auction'
    ? rehearseAuction(options, surroundings)
    : rehearse({ ...options, scenario }, surroundings))
if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
else process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
process.exit(report.invariantsHeld ? 0 : 1)
