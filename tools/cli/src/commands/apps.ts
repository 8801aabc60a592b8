import { attributeViews } from '@darkroom/analytics'
import {
  APPS_FILE,
  type AppConfiguration,
  type AppSettings,
  columnOfAttribute,
  type Difference,
  differences,
  editorSchema,
  readConfiguration,
  unversionedPresets,
} from '@darkroom/app-configuration'
import { openBucket } from '@darkroom/bucket'
import { AppId, KafkaTopic, PresetName } from '@darkroom/core'
import { formatTable } from '@darkroom/terminal'
import { type Command, Option } from 'commander'
import { addApp } from '../apps/add-app.ts'
import { applySettings, needsDeployment } from '../apps/apply-settings.ts'
import { type Act, recordAct } from '../audit-trail.ts'
import { parsedBy } from '../parsed-by.ts'

interface FileOptions {
  file: string
}

/** `pnpm darkroom apps …`: the configuration of all apps. */
export function addApps(program: Command): void {
  const apps = program.command('apps').description('show, check and change what is configured for the apps')
  const withFile = (command: Command) =>
    command.addOption(new Option('--file <path>', 'the configuration').env('APPS_FILE').default(APPS_FILE))

  withFile(apps.command('list').description('print all apps with their own settings')).action(
    ({ file }: FileOptions) => console.log(describe(readConfiguration(file))),
  )

  withFile(apps.command('check').description('check the file, and name each wrong field')).action(
    ({ file }: FileOptions) => {
      const { apps, presets } = readConfiguration(file)
      attributeViews(apps)
      console.log(`${file} is valid: ${count(apps, 'app')}, ${count(presets, 'preset')}.`)
    },
  )

  withFile(apps.command('add').description('add an app to the file'))
    .argument('<name>', 'the name of the app', parsedBy(AppId))
    .option('--preset <name>', 'its preset', parsedBy(PresetName))
    .option('--topic <topic>', 'its Kafka topic', parsedBy(KafkaTopic))
    .option('--origin <origin>', 'the origin of its pages, such as https://shop.example')
    .action(async (app: AppId, { file, preset, topic, origin }: FileOptions & Added) => {
      const settings = {
        ...(preset && { preset }),
        ...(origin && { origins: [origin] }),
        ...(topic && { topics: [topic] }),
      }
      await addApp(file, app, settings)
      console.log(`${app} is in ${file}. Deploy it with: pnpm exec oslsc deploy --stage STAGE`)
    })

  withFile(
    apps.command('apply').description('apply what needs no deployment; functions use it within a minute'),
  )
    .requiredOption('--stage <stage>', 'a stage on AWS; credentials and region are the AWS SDK’s own')
    .action(async ({ file, stage }: FileOptions & { stage: string }) => {
      const { requireDeployment } = await import('../apps/deployed-configuration.ts')
      const after = readConfiguration(file)
      const { configuration: before, bucket } = await requireDeployment(stage)
      const [unversioned] = unversionedPresets(before, after)
      if (unversioned !== undefined) throw new Error(`${raiseVersion(unversioned)}`)
      const store = openBucket(bucket)
      try {
        const record = (...acts: Act[]) => recordAct({ bucket: store, isLocal: false }, ...acts)
        const { applied, withdrawn } = await applySettings(store, before, after, record)
        console.log(`In a minute: ${list(applied)} as in ${file}, ${list(withdrawn)} as deployed.`)
      } finally {
        store.s3.destroy()
      }
      const rest = differences(before, after).filter(({ field }) => needsDeployment(field))
      if (rest.length > 0) console.log(`\nAfter a deployment:\n\n${tableOf(rest)}`)
    })

  withFile(apps.command('diff').description('compare the file with what a deployment has'))
    .option('--stage <stage>', 'a stage on AWS; credentials and region are the AWS SDK’s own')
    .option('--against <file>', 'another file instead, such as that of another commit')
    .addHelpText('after', '\nEnds with 1 if there is a difference.')
    .action(async ({ file, stage, against }: FileOptions & Compared) => {
      const before = await configurationOf(stage, against)
      const after = readConfiguration(file)
      const found = differences(before, after)
      const name = against ?? `the stage ${stage}`
      if (found.length === 0) return console.log(`${file} and ${name} have the same apps.`)
      console.log(`From ${name} to ${file}:\n\n${tableOf(found)}`)
      warnOfVersions(before, after)
      warnOfRemoved(before, after)
      process.exitCode = 1
    })

  apps
    .command('schema')
    .description('print the JSON schema of the file, for editors')
    .action(() => console.log(JSON.stringify(editorSchema(), null, 2)))
}

interface Added {
  preset?: string
  topic?: string
  origin?: string
}

interface Compared {
  stage?: string
  against?: string
}

/** @throws Error if neither or both are given */
async function configurationOf(
  stage: string | undefined,
  against: string | undefined,
): Promise<AppConfiguration> {
  if ((stage === undefined) === (against === undefined)) {
    throw new Error('Say what to compare with: --stage STAGE, or --against FILE.')
  }
  if (against !== undefined) return readConfiguration(against)
  // The SDK for CloudFormation loads for a while.
  const { deployedConfiguration } = await import('../apps/deployed-configuration.ts')
  return deployedConfiguration(stage ?? '')
}

function describe({ apps, retentionDays }: AppConfiguration): string {
  const rows = Object.entries(apps).map(([app, settings]) => [
    app,
    settings.preset ?? 'default',
    daysOf(settings),
    settings.origins?.join(' ') ?? 'any',
    settings.topics?.join(' ') ?? '',
    settings.deduplication ? 'yes' : '',
  ])
  const { input, processed, metadata, claims } = retentionDays
  const declared = attributesOf(apps)
  return [
    formatTable(['app', 'preset', 'own days', 'origins', 'topics', 'dedup.'], rows),
    `\n  Days without own: input ${input}, processed ${processed}, metadata ${metadata}, claims ${claims}.`,
    ...(declared.length > 0
      ? ['', formatTable(['app', 'attribute', 'type', 'column', 'description'], declared)]
      : []),
  ].join('\n')
}

function attributesOf(apps: AppConfiguration['apps']): string[][] {
  return Object.entries(apps).flatMap(([app, { attributes = {} }]) =>
    Object.entries(attributes).map(([name, { type, description = '' }]) => [
      app,
      name,
      type,
      columnOfAttribute(name, type),
      description,
    ]),
  )
}

function daysOf({ retentionDays = {} }: AppSettings): string {
  return Object.entries(retentionDays)
    .map(([kind, days]) => `${kind} ${days}`)
    .join(' ')
}

function tableOf(found: Difference[]): string {
  const width = process.stdout.columns ?? 80
  const longest = (part: 'field' | 'before' | 'after') =>
    Math.max(...found.map(({ [part]: text = 'none' }) => text.length))
  // Values are cut, not names.
  const room = Math.max(16, width - 25 - longest('field'))
  const cut = (text = 'none', other: number) => {
    const most = Math.max(Math.floor(room / 2), room - other)
    return text.length > most ? `${text.slice(0, most - 1)}…` : text
  }
  const rows = found.map(({ field, before, after }) => [
    field,
    cut(before, longest('after')),
    cut(after, longest('before')),
    needsDeployment(field) ? 'deployment' : 'apply',
  ])
  return formatTable(['field', 'now', 'then', 'needs'], rows, width)
}

function warnOfVersions(before: AppConfiguration, after: AppConfiguration): void {
  for (const name of unversionedPresets(before, after)) {
    console.log(`\n${raiseVersion(name)}`)
  }
}

/** An app is more than its entry. */
function warnOfRemoved(before: AppConfiguration, after: AppConfiguration): void {
  const removed = Object.keys(before.apps).filter((app) => !Object.hasOwn(after.apps, app))
  if (removed.length === 0) return
  console.log(
    `\nWithout an entry, ${list(removed)} can still send and read images, with the defaults. To end that, revoke the keys:` +
      '\npnpm darkroom keys list --app APP. The images stay for the default days; erase deletes them before.',
  )
}

function raiseVersion(name: string): string {
  return `Raise presets.${name}.version: its variants changed, and documents name the version.`
}

/** `shop, press and 12 more` */
function list(apps: AppId[]): string {
  if (apps.length === 0) return 'no app'
  const [named, more] = [apps.slice(0, MAX_NAMED).join(', '), apps.length - MAX_NAMED]
  return more > 0 ? `${named} and ${more} more` : named
}

const MAX_NAMED = 5

function count(entries: object, name: string): string {
  const { length } = Object.keys(entries)
  return `${length} ${length === 1 ? name : `${name}s`}`
}
