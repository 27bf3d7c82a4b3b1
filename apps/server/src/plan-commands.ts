import { readFileSync } from 'node:fs'
import { Argument, InvalidArgumentError, Option, type Command } from 'commander'
import { currencyDigits, type Currency } from '@fairgate/contracts/money'
import { generators, type GeneratorName } from '@fairgate/contracts/plans/halls'
import { planCounts, planLimits } from '@fairgate/contracts/plans/plan'
import { readPlan } from '@fairgate/contracts/plans/read'

const seatsOf = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > planLimits.seats)
    throw new InvalidArgumentError(`must be a whole number from 1 to ${planLimits.seats}`)
  return value
}

const bytesOf = (file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

const currency = () => new Option('--currency <code>', 'of the prices').choices(Object.keys(currencyDigits)) as Option

/** Commands for seating-plan files. They need neither a server nor a database. */
export function planCommands(program: Command): void {
  const plan = program.command('plan').description('seating-plan files')

  plan
    .command('generate')
    .description('draw a venue')
    .addArgument(new Argument('<kind>').choices(Object.keys(generators)))
    .requiredOption('--seats <n>', 'how many numbered seats', seatsOf)
    .addOption(currency().default('KRW'))
    .action((kind: GeneratorName, options: { seats: number; currency: Currency }) => {
      process.stdout.write(`${JSON.stringify(generators[kind](options))}\n`)
    })

  plan
    .command('check')
    .description('name every fault of a file and where it is; exits with 1 when there are any')
    .argument('<file>', 'ours, pretix, seats.io or CSV', bytesOf)
    .addOption(currency())
    .option('--json', 'one line')
    .action((file: Buffer, options: { currency?: Currency; json?: boolean }) => {
      const { plan: read, ...notes } = readPlan(file, options)
      const counts = { sections: read?.sections.length ?? 0, ...(read ? planCounts(read) : { seats: 0, capacity: 0 }) }
      if (options.json) process.stdout.write(`${JSON.stringify({ valid: read !== undefined, ...counts, ...notes })}\n`)
      else {
        for (const { where, message, code } of notes.warnings)
          process.stdout.write(`warning  ${where}: ${message} (${code})\n`)
        for (const { where, message, code } of notes.faults)
          process.stdout.write(`fault    ${where}: ${message} (${code})\n`)
        const unlisted = notes.faultsTotal - notes.faults.length
        if (unlisted > 0) process.stdout.write(`and ${unlisted} faults more\n`)
        process.stdout.write(
          read
            ? `${notes.format}: ${counts.sections} sections, ${counts.seats} seats, ${counts.capacity} places in all\n`
            : `${notes.faultsTotal} faults; nothing would be imported\n`,
        )
      }
      if (!read) process.exitCode = 1
    })
}
