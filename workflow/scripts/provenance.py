import json
from pathlib import Path

from brushprint.core.digest import sha256
from brushprint.core.job_log import logged
from brushprint.core.tables import write_json

with logged(snakemake.log[0], snakemake.output):
    given, params, target = snakemake.input, snakemake.params, Path(snakemake.output[0])
    files = {
        Path(file).relative_to(target.parent).as_posix(): {"rule": rule, "sha256": sha256(file)}
        for file, rule in zip(given.files, params.rules, strict=True)
    }
    data = {"catalogue": sha256(given.catalogue)}
    for seal in filter(None, (given.seal, given.get("weights_seal"))):
        data |= json.loads(Path(seal).read_text())
    write_json({"files": files, "data": data, "settings": params.settings, "code": params.code}, target)
