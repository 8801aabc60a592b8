import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Resource, withServiceLock } from '../package-service.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

export type ServiceName = 'image-processor' | 'upload-api' | 'kafka-bridge' | 'analytics-catalog'

/** Lambda's name of this machine's processor: the emulator runs functions here. */
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x86_64'

/** Runs the Serverless Framework in a service's folder, as `pnpm exec serverless`, and resolves to its output. */
export function serverless(
  service: ServiceName,
  args: string[],
  environment: Record<string, string>,
): Promise<string> {
  const all = [...args, `--param=architecture=${ARCHITECTURE}`]
  return withServiceLock(service, () => serverlessIn(join(REPOSITORY, 'services', service), all, environment))
}

/** Runs the Serverless Framework in a folder, and resolves to its output. */
export async function serverlessIn(
  folder: string,
  args: string[],
  environment: Record<string, string>,
): Promise<string> {
  const withoutAccount = Object.entries(process.env).filter(([name]) => !/^AWS_(?!CA_BUNDLE)/.test(name))
  const program = join(REPOSITORY, 'node_modules/.bin/serverless')
  const { stdout, stderr } = await promisify(execFile)(program, args, {
    cwd: folder,
    env: {
      ...Object.fromEntries(withoutAccount),
      ...environment,
      ESBUILD_WORK_FOLDER: `deploy-${randomUUID()}`,
    },
  })
  return stdout + stderr
}

/**
 * Takes out of a packaged template what the emulator cannot do, and resolves to what that was. `change` may change the template
 * further.
 */
export async function changeTemplate(
  folder: string,
  change: (resources: Resources, outputs: Record<string, { Value: unknown }>) => void = () => {},
): Promise<string[]> {
  const removed: string[] = []
  await editJson(join(folder, 'cloudformation-template-update-stack.json'), (template) => {
    removed.push(...removeUnsupported(template.Resources))
    change(template.Resources, template.Outputs)
  })
  // The framework compares this copy with what is deployed.
  await editJson(join(folder, 'serverless-state.json'), ({ service: { provider } }) => {
    const { Resources, Outputs } = provider.compiledCloudFormationTemplate
    removeUnsupported(Resources)
    change(Resources, Outputs)
  })
  return removed
}

type Resources = Record<string, Resource>

const UNSUPPORTED_TYPES = [
  'AWS::Athena::NamedQuery',
  'AWS::Budgets::Budget',
  // Of version 0.1.0.
  'AWS::Glue::TableOptimizer',
  'AWS::QuickSight::DataSet',
  'AWS::QuickSight::DataSource',
]

/** Removes what the emulator refuses: types it does not know, alarms with metric math, and TLS, which it does not speak. */
function removeUnsupported(resources: Resources): string[] {
  const isUnsupported = ({ Type, Properties }: Resource) =>
    UNSUPPORTED_TYPES.includes(Type) || (Type === 'AWS::CloudWatch::Alarm' && 'Metrics' in Properties)
  const removed = Object.keys(resources).filter((name) => isUnsupported(resources[name] as Resource))
  for (const name of removed) delete resources[name]
  allowBatches(resources)
  for (const [name, resource] of Object.entries(resources)) {
    if (resource.DependsOn) {
      resource.DependsOn = [resource.DependsOn].flat().filter((other) => !removed.includes(other))
    }
    if (resource.Type === 'AWS::S3::BucketPolicy' && requiresTls(resource)) {
      removed.push(`${name}: TlsOnly`)
      delete resources[name]
    }
    for (const { Condition } of resource.Properties.PolicyDocument?.Statement ?? []) {
      const senders = Condition?.ArnNotLike?.['aws:PrincipalArn']
      if (senders) senders.push(...senders.map(toSession))
    }
  }
  return removed
}

/** The condition key `aws:PrincipalArn` of a function is the ARN of its role; the emulator has the ARN of the session. */
function toSession(role: { 'Fn::Sub'?: string; 'Fn::GetAtt'?: string[] }): unknown {
  const pattern = role['Fn::Sub']?.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')
  if (pattern) return { 'Fn::Sub': `${pattern}/*` }
  return {
    'Fn::Sub': `arn:\${AWS::Partition}:sts::\${AWS::AccountId}:assumed-role/\${${role['Fn::GetAtt']?.[0]}}/*`,
  }
}

function requiresTls({ Properties }: Resource): boolean {
  return JSON.stringify(Properties.PolicyDocument).includes('aws:SecureTransport')
}

// biome-ignore lint/suspicious/noExplicitAny: files of the framework, of which a few fields are used
async function editJson(file: string, edit: (content: any) => void): Promise<void> {
  const content = JSON.parse(await readFile(file, 'utf8'))
  edit(content)
  await writeFile(file, JSON.stringify(content))
}

/** On AWS the permission for a call allows it for batches, too; the emulator asks for actions of these names. */
const BATCH_ACTIONS: Record<string, string> = {
  'sns:Publish': 'sns:PublishBatch',
  'sqs:SendMessage': 'sqs:SendMessageBatch',
}

function allowBatches(resources: Resources): void {
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type !== 'AWS::IAM::Role') continue
    for (const { PolicyDocument } of Properties.Policies ?? []) {
      for (const statement of PolicyDocument.Statement) {
        const actions = [statement.Action].flat()
        const batches = actions.flatMap((action) => BATCH_ACTIONS[action] ?? [])
        if (batches.length > 0) statement.Action = [...new Set([...actions, ...batches])]
      }
    }
  }
}
