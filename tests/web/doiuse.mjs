// What in style sheets a browser lacks, by caniuse: node doiuse.mjs TOOLS BROWSERS FILE…
// Prints [{"file", "line", "feature", "title", "lacks", "text"}]; `lacks` false: it has it in part.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [tools, browsers, ...files] = process.argv.slice(2);
const load = async (path) => (await import(pathToFileURL(`${tools}/node_modules/${path}`))).default;
const doiuse = await load('doiuse/exports/index.js');
const postcss = await load('postcss/lib/postcss.mjs');
const found = [];

for (const file of files) {
  const look = doiuse({
    browsers: browsers.split(','),
    onFeatureUsage: ({ feature, featureData, usage }) => found.push({
      file,
      line: usage.source.start.line,
      feature,
      title: featureData.title,
      lacks: Boolean(featureData.missing),
      text: usage.toString().slice(0, 120),
    }),
  });
  await postcss(look).process(readFileSync(file, 'utf8'), { from: file });
}
console.log(JSON.stringify(found));
