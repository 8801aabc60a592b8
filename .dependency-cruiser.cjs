/** The architecture, as rules: see decisions/0006-architecture-as-rules.md. */
module.exports = {
  forbidden: [
    {
      name: 'services-never-import-services',
      comment: 'A service deploys on its own. What two services share is a package.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/([^/]+)/', pathNot: '^services/$1/' },
    },
    {
      name: 'packages-and-apps-never-import-services',
      severity: 'error',
      from: { path: '^(packages|apps)/' },
      to: { path: '^services/' },
    },
    {
      name: 'packages-never-import-apps',
      comment: 'packages/ holds what is deployed or published. What runs the applications is a tool.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'core-is-pure',
      comment: 'core holds contracts: no SDK, no I/O. node:crypto (hashing) is the one built-in allowed.',
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: ['\\.test\\.ts$', '/testing/'] },
      to: { pathNot: ['^packages/core/src/', '/zod/', '/uuid/', '^(node:)?crypto$'] },
    },
    {
      name: 'deployed-code-never-imports-tools',
      comment: 'tools/ never deploys. Tests may use it.',
      severity: 'error',
      from: { path: '^(packages|services|apps)/[^/]+/src/', pathNot: ['\\.test\\.ts$', '/testing/'] },
      to: { path: '^tools/' },
    },
    {
      name: 'only-bucket-speaks-s3',
      comment:
        'packages/bucket is the only code that sends S3 commands, types included. Tests may use the SDK.',
      severity: 'error',
      from: {
        path: '^(packages|services|apps)/[^/]+/src/',
        pathNot: ['^packages/bucket/', '\\.test\\.ts$', '/testing/'],
      },
      to: { path: '@aws-sdk/(client-s3|s3-presigned-post|s3-request-presigner)' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    exclude: { path: '(^|/)[.](esbuild|serverless|local|cache)/' },
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
}
