import { parseArgs } from 'node:util'
import { escapeText } from '../../core/smtp/escape.ts'
import { suggestion } from '../nearest.ts'
import {
  type Command,
  commonOptions,
  type OptionSpec,
  type OptionTable,
  type Parsed,
  UsageError,
  type Values,
} from './command.ts'

type Mutable = Record<string, boolean | string | string[] | undefined>

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

/** Reads a command's arguments. Throws UsageError in one line that quotes what was given. */
export function parseArguments<Options extends OptionTable>(
  command: Command<Options>,
  args: readonly string[],
): Parsed<Options> {
  const options: OptionTable = { ...commonOptions, ...command.options }
  const { tokens } = parseArgs({ args: [...args], options: shapes(options), strict: false, tokens: true })
  const values: Mutable = Object.fromEntries(
    Object.entries(options).map(([name, { multiple }]) => [name, multiple === true ? [] : undefined]),
  )
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind === 'option') setOption(values, options, token)
  }
  if (values.help !== true) checkOperands(command, positionals)
  return { values: values as Values<Options>, positionals } // every option of the table was set by its kind above
}

function shapes(options: OptionTable) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, short, multiple = false }]) => [
      name,
      short === undefined ? { type, multiple } : { type, multiple, short },
    ]),
  )
}

function setOption(values: Mutable, options: OptionTable, token: OptionToken): void {
  const negated = token.name.startsWith('no-') && !Object.hasOwn(options, token.name)
  const name = negated ? token.name.slice(3) : token.name
  const spec = Object.hasOwn(options, name) ? options[name] : undefined
  if (spec === undefined || (negated && spec.type !== 'boolean')) throw unknownOption(token.rawName, options)
  if (spec.type === 'boolean') {
    if (token.inlineValue === true) throw new UsageError(`option ${token.rawName} takes no value`)
    values[name] = !negated
  } else setString(values, name, { spec, token })
}

function setString(
  values: Mutable,
  name: string,
  { spec, token }: { readonly spec: OptionSpec; readonly token: OptionToken },
): void {
  const { value, rawName, inlineValue } = token
  // `--store --json` is a forgotten value rather than a file named "--json"; `--store=--json` is that file.
  const forgotten = value !== undefined && inlineValue === false && value.startsWith('-') && value !== '-'
  if (value === undefined || forgotten) {
    throw new UsageError(`option ${rawName} needs a value: ${rawName} ${spec.value ?? 'VALUE'}`)
  }
  const before = values[name]
  if (Array.isArray(before)) before.push(value)
  else if (before === undefined) values[name] = value
  else throw new UsageError(`option ${rawName} is given twice`)
}

function unknownOption(raw: string, options: OptionTable): UsageError {
  const visible = Object.entries(options).filter(([, { hidden }]) => hidden !== true)
  const names = visible.flatMap(([name, { type }]) => (type === 'boolean' ? [name, `no-${name}`] : [name]))
  return new UsageError(`unknown option "${escapeText(raw)}"${suggestion(raw.replace(/^-+/, ''), names, '--')}`)
}

function checkOperands({ operands, usage }: Pick<Command, 'operands' | 'usage'>, given: readonly string[]): void {
  const { name = '', min = 0, max = 0 } = operands ?? {}
  if (given.length < min) throw new UsageError(`missing ${name} (usage: waxseal ${usage[0]})`)
  const extra = given[max]
  if (extra !== undefined) throw new UsageError(`unexpected argument "${escapeText(extra)}"`)
}
