import { styleText } from 'node:util'
import { wrapText } from '@darkroom/terminal'
import type { Command } from 'commander'
import { type Checked, type Finding, worstOf } from '../doctor/findings.ts'

interface Options {
  stage?: string
  url?: string
  json?: boolean
}

/** `pnpm darkroom doctor`: says what is wrong with a deployment or the local stack, and what to do. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check the local stack, or a stage on AWS, and say what to do; it changes nothing')
    .option('--stage <stage>', 'a stage on AWS; credentials and region are the AWS SDK’s own')
    .option('--url <url>', 'the address of that stage’s API, if clients use another than that of AWS')
    .option('--json', 'one line of JSON for each finding')
    .addHelpText('after', '\nEnds with 1 if there is a problem; warnings end with 0.')
    .action(async ({ json, ...options }: Options) => {
      const checked = await examine(options)
      if (json) printJson(checked)
      else print(checked)
      if (worstOf(checked) === 'problem') process.exitCode = 1
    })
}

async function examine({ stage, url }: Options): Promise<Checked[]> {
  if (stage === undefined) return (await import('../doctor/check-local-stack.ts')).examineLocalStack()
  return (await import('../doctor/check-deployment.ts')).examineDeployment(stage, url)
}

function printJson(checked: Checked[]): void {
  for (const { title, findings } of checked) {
    for (const finding of findings) console.log(JSON.stringify({ check: title, ...finding }))
  }
}

const MARKS: Record<Finding['level'], string> = {
  ok: styleText('green', '✓'),
  warning: styleText('yellow', '!'),
  problem: styleText('red', '✗'),
}
const TITLE_WIDTH = 12
const TEXT_WIDTH = 64

function print(checked: Checked[]): void {
  for (const { title, findings } of checked) {
    for (const [index, { level, text, advice }] of findings.entries()) {
      const lines = [text, ...(advice ? [advice] : [])].flatMap((part) =>
        wrapText(part, { columns: TEXT_WIDTH }).split('\n'),
      )
      for (const [n, line] of lines.entries()) {
        const head = n === 0 && index === 0 ? title : ''
        console.log(`${n === 0 ? MARKS[level] : ' '} ${head.padEnd(TITLE_WIDTH)} ${line}`)
      }
    }
  }
  console.log(`\n${SUMMARIES[worstOf(checked)]}`)
}

const SUMMARIES: Record<Finding['level'], string> = {
  ok: 'Everything is in order.',
  warning: 'It works. See the warnings.',
  problem: 'There are problems. What to do is below each of them.',
}
