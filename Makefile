# The commands that are typed most often; each is one line of a script or a tool that can be called without it.

environment = .venv/bin
installed = bash -c '. deployment/setup.sh && need_environment test'

.PHONY: help fast check demo bench

help:
	@echo "make fast   pure tests, without any installed program: twenty seconds on two processors"
	@echo "make check  all that has to be true before a change lands, as CI runs it"
	@echo "make demo   four nights of the whole solution in an emulated AWS"
	@echo "make bench  ours beside rsync and others, on a small tree"

fast:
	@$(installed)
	$(environment)/pytest -q -n auto --hypothesis-profile=fast tests/domain tests/copy_worker --ignore tests/copy_worker/test_large_file.py \
		-m "not long and not former and not programs"

check:
	bash .ci/run

demo:
	bash deployment/run-local.sh

bench:
	@$(installed)
	$(environment)/python bench/compare.py --files 5000 --backend local --contenders ours,rsync --rounds 3
