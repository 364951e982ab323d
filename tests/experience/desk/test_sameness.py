"""The desk's page of similar courses: writing to who teaches one of them."""

from django.urls import reverse

from tests.factories import make_course
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.catalogue import likeness
from zhiyue.product.catalogue.models import Teacher


def test_the_desk_writes_to_who_teaches_a_copy(signed_in, operator, creator):
    text = "平均数会骗人，中位数不会。把三个数放在一起看，才知道这群人到底过得怎么样，也才知道谁被平均掉了。"
    make_course("mean", text=text)
    two = make_course("mean-again", text=text)
    Teacher.objects.update(user=creator)
    likeness.find_likenesses()
    client = signed_in(operator)
    address = reverse("desk:write_to_teacher", args=[likeness.Likeness.objects.get().pk, two.pk])
    assert f'action="{address}"' in client.get(reverse("desk:sameness")).content.decode()
    refused = client.post(address, {"text": "短"})
    assert refused.status_code == 422 and ">短</textarea>" in refused.content.decode()
    assert not OutgoingMessage.objects.exists()
    assert client.post(address, {"text": "两门课有一半重合，请说说区别。"}).status_code == 302
    assert (
        f"http://testserver/studio/courses/{two.pk}/publish/" in OutgoingMessage.objects.get().content["text"]
    )
    assert (
        client.post(address.replace(f"/{two.pk}/", "/999/"), {"text": "两门课有一半重合。"}).status_code
        == 404
    )
