import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'

const REPOSITORY = join(import.meta.dirname, '../../..')

interface Step {
  uses?: string
  run?: string
  with?: Record<string, string>
}
interface Job extends Step {
  steps?: Step[]
  needs?: string | string[]
  environment?: string
  'timeout-minutes'?: number
}
interface Workflow {
  permissions: object
  jobs: Record<string, Job>
}

const workflows = globSync('.github/workflows/*.yml', { cwd: REPOSITORY }).map((file): [string, Workflow] => [
  file.replace(/.*\//, ''),
  parse(readFileSync(join(REPOSITORY, file), 'utf8')),
])
const workflow = (name: string) => new Map(workflows).get(name)?.jobs ?? {}
const stepsOf = ({ jobs }: Workflow) => Object.values(jobs).flatMap(({ steps = [] }) => steps)

describe.each(workflows)('%s', (_, definition) => {
  test('grants nothing that a job does not ask for', () => expect(definition.permissions).toEqual({}))

  test('uses actions of others by their commit', () => {
    const used = [...stepsOf(definition), ...Object.values(definition.jobs)].flatMap(({ uses }) => uses ?? [])
    for (const action of used.filter((name) => !name.startsWith('./')))
      expect(action).toMatch(/@[0-9a-f]{40}$/)
  })

  test('runs one version of pnpm, whatever was published since', () => {
    const versions = stepsOf(definition).flatMap(({ run = '' }) => [...run.matchAll(/npx\b.*?pnpm@(\S+)/g)])
    for (const [, version] of versions) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('runs only steps of this repository that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))
    const usage = readFileSync(join(REPOSITORY, 'tools/deployment/src/deliver.ts'), 'utf8')
    const commands = stepsOf(definition).flatMap(({ run = '' }) => [
      ...run.matchAll(/pnpm@[\d.]+ (?:--silent )?(?<script>[\w-]+) (?<step>[\w-]+)/g),
    ])
    for (const { groups } of commands) {
      // pnpm's own commands.
      if (['install', 'outdated'].includes(groups?.script ?? '')) continue
      expect(Object.keys(scripts)).toContain(groups?.script)
      if (groups?.script === 'deliver') expect(usage).toContain(`\n *   ${groups.step} --`)
    }
  })
})

test('production gets what staging got: the same services and packages, after its tests and an approval', () => {
  const { package: packaged, staging, production } = workflow('delivery.yml')
  expect([staging?.with?.services, production?.with?.services]).toEqual([
    // The output of the step that asks the workspace graph.
    `\${{ needs.package.outputs.services }}`,
    `\${{ needs.package.outputs.services }}`,
  ])
  expect(staging?.needs).toEqual(['checks', 'package'])
  expect(production?.needs).toContain('staging')
  expect(production?.with?.environment).toBe('production')
  const runs = (packaged?.steps ?? []).map(({ run }) => run ?? '').join('\n')
  expect(runs).toContain('deliver affected')
  expect(runs).toContain('--stage staging --stage prod')
})

test('the check of drift waits for no approval, and its role changes nothing', () => {
  expect(workflow('drift.yml').drift?.environment).toBeUndefined()
  const { Resources } = parse(readFileSync(join(REPOSITORY, 'tools/deployment/deployer.yml'), 'utf8'))
  const { AssumeRolePolicyDocument, ManagedPolicyArns, Policies } = Resources.DriftReader.Properties
  // Jobs without an environment.
  expect(JSON.stringify(AssumeRolePolicyDocument)).toContain(`repo:\${Repository}:ref:refs/heads/main`)
  expect(JSON.stringify(ManagedPolicyArns)).toMatch(/:policy\/SecurityAudit"}]$/)
  const actions = Policies[0].PolicyDocument.Statement.flatMap(({ Action }: { Action: string[] }) => Action)
  for (const action of actions) expect(action).toMatch(/^(cloudformation|lambda):(Describe|Detect|Get)/)
})

/** https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims */
test('the roles trust one repository, by its name or by its immutable ids', () => {
  const { Parameters } = parse(readFileSync(join(REPOSITORY, 'tools/deployment/deployer.yml'), 'utf8'))
  const pattern = new RegExp(`^(?:${Parameters.Repository.AllowedPattern})$`)
  for (const name of ['octocat/my-repo', 'octocat@123456/my-repo@456789']) expect(name).toMatch(pattern)
  for (const name of ['octocat/*', '*/my-repo', 'octocat/my-repo:ref', 'octocat@*/my-repo@1', 'my-repo'])
    expect(name).not.toMatch(pattern)
})

test('the session of a deployment is longer than its job', () => {
  const { Resources } = parse(readFileSync(join(REPOSITORY, 'tools/deployment/deployer.yml'), 'utf8'))
  const { 'timeout-minutes': minutes, steps = [] } = workflow('deploy.yml').deploy ?? {}
  const seconds = Number(steps.flatMap((step) => step.with?.['role-duration-seconds'] ?? [])[0])
  expect(seconds).toBeGreaterThan(Number(minutes) * 60)
  expect(seconds).toBeLessThanOrEqual(Resources.Deployer.Properties.MaxSessionDuration)
})

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
test('the policies of the deployer are not longer than IAM allows', () => {
  const { Resources } = parse(readFileSync(join(REPOSITORY, 'tools/deployment/deployer.yml'), 'utf8'))
  for (const name of ['Stacks', 'Contents', 'Services']) {
    const text = JSON.stringify(Resources[name].Properties.PolicyDocument)
    const resolved = text
      .replaceAll(/\{"Fn::Sub":("[^"]*")\}/g, '$1')
      .replaceAll(`\${AWS::Partition}`, 'aws-us-gov')
      .replaceAll(`\${AWS::Region}`, 'ap-southeast-1')
      .replaceAll(`\${AWS::AccountId}`, '123456789012')
      .replaceAll(`\${Stage}`, 'preview-pull-request')
    expect(resolved.length).toBeLessThanOrEqual(6144)
  }
})
