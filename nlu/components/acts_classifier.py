"""Rasa's intent classifier: which acts a message does, in one component."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, List, Text, Type

import joblib
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components import action_schema, once
from nlu.components.acts import Act, Thresholds, hear
from nlu.components.intent_model import IntentModel, Settings
from nlu.components.sentence_encoder import SentenceEncoder

# Rasa imports this module before it serves anything, which makes it the place for these.
action_schema.install()
once.install()

ACTS = "acts"
_FILE = "model.joblib"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ActsClassifier(IntentClassifier, GraphComponent):
    """Gives every message its `intent` and all its `acts`, the most urgent first."""

    @classmethod
    def required_components(cls) -> List[Type]:
        return []

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            **asdict(Settings()),
            **asdict(Thresholds()),
            # In the configuration so that another version means training again.
            "encoder_version": "0.2.1",
        }

    @staticmethod
    def required_packages() -> List[Text]:
        # Rasa looks this up by import name in one place and by distribution name in another,
        # and the encoder has two different ones; the lock file guarantees it is there.
        return []

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: IntentModel,
    ) -> None:
        self._thresholds = Thresholds(**{name: config[name] for name in asdict(Thresholds())})
        self._storage = model_storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "ActsClassifier":
        settings = Settings(**{name: config[name] for name in asdict(Settings())})
        model = IntentModel(SentenceEncoder().encode, settings)
        return cls(config, model_storage, resource, model)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples and keep what was learnt with the model."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        self._model.fit([e.get(TEXT) for e in examples], [e.get(INTENT) for e in examples])
        with self._storage.write_to(self._resource) as folder:
            # Packed here, at the quickest level: Rasa packs the archive at the slowest.
            joblib.dump(self._model, folder / _FILE, compress=1)
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "ActsClassifier":
        # Our own file, inside the archive that this machine trained and verified by its name.
        with model_storage.read_from(resource) as folder:
            model: IntentModel = joblib.load(folder / _FILE)
        return cls(config, model_storage, resource, model.restore(SentenceEncoder().encode))

    def process(self, messages: List[Message]) -> List[Message]:
        """Read each message."""
        for message in messages:
            text = message.get(TEXT)
            # What a message does may be said outright (`/ask_balance@0.93`): Rasa reads that by
            # itself after us, and nothing typed begins that way (the app takes the mark off).
            if not text or text.startswith(INTENT_MESSAGE_PREFIX):
                continue
            heard = hear(text, self._model, self._thresholds)
            ranking = [_as_rasa_says(act) for act in heard.ranking]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
            message.set(ACTS, [_as_rasa_says(act) for act in heard.acts], add_to_output=True)
        return messages


def _as_rasa_says(act: Act) -> Dict[Text, Any]:
    return {"name": act.intent, "confidence": act.confidence}
