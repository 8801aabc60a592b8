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
      name: 'core-is-pure',
      comment: 'core holds contracts: no SDK, no I/O. node:crypto (hashing) is the one built-in allowed.',
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^packages/core/src/', '/zod/', '/uuid/', '^(node:)?crypto$'] },
    },
    {
      name: 'production-code-never-imports-the-local-stack',
      severity: 'error',
      from: { path: '^services/[^/]+/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/(local-|serverless-offline-)' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
}
